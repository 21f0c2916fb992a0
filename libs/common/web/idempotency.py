"""Idempotency keys: the same key and body get the first answer again; the effect happens once.

A claim is stored before the work, with the seed from which the ids of created resources derive. After a
crash in the middle the claim's lease runs out, the work runs again with the same ids, and finds what the
first run had already stored.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, SecretStr
from pydantic_core import from_json, to_json, to_jsonable_python
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from common.clock import Clock
from common.encryption import Sealer
from common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, TooManyRequests, Unauthenticated
from common.ids import sortable_part

LEASE_SECONDS = 15
_NOT_KEPT = (Unauthenticated, Forbidden, Invalid, TooManyRequests)
Model = TypeVar("Model", bound=BaseModel)


class Once:
    """One request's idempotency. ``await once(work)`` runs the work, or raises Replayed with the first answer."""

    def __init__(self, request: Request, key: str | None) -> None:
        self._request = request
        self._key = key
        self._seed = sortable_part()

    def id_for(self, prefix: str, number: int = 0) -> str:
        """The id of a resource to create: the same again when this request runs again under its key."""
        return f"{prefix}_{self._seed}{number or ''}"

    async def __call__(self, work: Callable[[], Awaitable[Model]], status: int | Callable[[Model], int] = 200) -> Model:
        """Run ``work`` once under the key. ``status`` is the success status, kept for the replay; where it
        depends on the result, a function of it.

        Raises Replayed (the first answer), Invalid ``idempotency_key_reused`` for another body, Conflict
        ``request_in_progress`` while the first still runs. Refusals decided by state are kept as well.
        """
        if self._key is None:
            return await work()
        runtime = self._request.app.state.runtime
        keys = IdempotencyKeys(runtime.database, runtime.clock, runtime.settings.encryption_key)
        caller = _caller(self._request)
        fingerprint = await _fingerprint(self._request)
        claim = await keys.claim(caller, self._key, fingerprint)
        self._seed = claim.seed
        try:
            result = await work()
        except (Conflict, NotFound) as error:
            await keys.settle(caller, self._key, _refusal(error))
            raise
        except _NOT_KEPT:
            await (keys.forget if claim.is_first else keys.give_up)(caller, self._key)
            raise
        except BaseException:
            await keys.give_up(caller, self._key)
            raise
        body = result.model_dump(mode="json", by_alias=True)
        told = status(result) if callable(status) else status
        await keys.settle(caller, self._key, {"status": told, "body": body})
        return result


class Replayed(Exception):
    """The first answer to this key; the handler below sends it again."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("replayed")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do the work of a key. ``seed``: what ids are made of; not ``is_first``: another run broke off."""

    seed: str
    is_first: bool


class IdempotencyKeys:
    """The collection ``idempotency_keys``: claims and first answers, kept for 24 hours."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], clock: Clock, encryption_key: SecretStr) -> None:
        self._collection = database["idempotency_keys"]
        self._clock = clock
        self._sealer = Sealer(encryption_key)

    async def claim(self, caller: str, key: str, fingerprint: str) -> Claim:
        """Claim the key. Raises as :meth:`Once.__call__`."""
        now = self._clock.now()
        claim = {
            "_id": f"{caller}|{key}",
            "fingerprint": fingerprint,
            "seed": sortable_part(),
            "until": now + timedelta(seconds=LEASE_SECONDS),
            "at": now,
            "answer": None,
        }
        try:
            await self._collection.insert_one(claim)
        except DuplicateKeyError:
            return await self._existing(claim)
        return Claim(str(claim["seed"]), is_first=True)

    async def _existing(self, claim: dict[str, Any]) -> Claim:
        first = await self._collection.find_one({"_id": claim["_id"]})
        if first is None:
            raise Conflict("request_in_progress", "The first request with this key was just given up; try again.")
        if first["fingerprint"] != claim["fingerprint"]:
            raise Invalid("idempotency_key_reused", "This Idempotency-Key was used with another request.")
        if first["answer"] is not None:
            raise Replayed(from_json(self._sealer.open(first["answer"])))
        taken_over = await self._collection.update_one(
            {"_id": claim["_id"], "answer": None, "until": {"$lt": claim["at"]}}, {"$set": {"until": claim["until"]}}
        )
        if taken_over.modified_count == 0:
            raise Conflict("request_in_progress", "The first request with this key is still running.")
        return Claim(str(first["seed"]), is_first=False)

    async def settle(self, caller: str, key: str, answer: dict[str, Any]) -> None:
        """Keep the first answer, sealed: it may hold what is shown once, such as a guest's order token."""
        sealed = self._sealer.seal(to_json(answer).decode())
        await self._collection.update_one({"_id": f"{caller}|{key}"}, {"$set": {"answer": sealed}})

    async def forget(self, caller: str, key: str) -> None:
        """The first run was refused for what it asked, and nothing happened: the key is free again."""
        await self._collection.delete_one({"_id": f"{caller}|{key}"})

    async def give_up(self, caller: str, key: str) -> None:
        """The work failed without a verdict: end the lease, keep the seed, so that a retry runs at once."""
        await self._collection.update_one({"_id": f"{caller}|{key}"}, {"$set": {"until": self._clock.now()}})


def _refusal(error: DomainError) -> dict[str, Any]:
    from common.web.problems import of_domain

    answer = of_domain(error)
    return {"status": answer.status_code, "body": from_json(bytes(answer.body)), "problem": True}


def _caller(request: Request) -> str:
    principal = request.state.principal
    token = request.headers.get("x-cart-token") or request.headers.get("x-order-token") or ""
    who = principal.id or hashlib.blake2b(token.encode(), digest_size=12).hexdigest()
    return f"{principal.tenant_id or ''}:{principal.kind}:{who}"


async def _fingerprint(request: Request) -> str:
    body = await request.body()
    try:
        canonical = str(to_jsonable_python(from_json(body))) if body else ""
    except ValueError:
        canonical = repr(body)
    text = f"{request.method} {request.url.path} {canonical}"
    key = request.app.state.runtime.settings.encryption_key.get_secret_value()
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()  # keyed: a body may hold a password


async def replay(request: Request, error: Exception) -> Response:
    """Send the first answer again."""
    from starlette.responses import JSONResponse

    assert isinstance(error, Replayed)
    media = "application/problem+json" if error.answer.get("problem") else "application/json"
    headers = {"Idempotent-Replayed": "true"}
    return JSONResponse(error.answer["body"], error.answer["status"], headers, media)


def _read(
    request: Request,
    key: Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)] = None,
) -> Once:
    return Once(request, key)


Idempotent = Annotated[Once, Depends(_read)]
"""The parameter type of a route that moves money or stock or creates an order."""
