"""Idempotency keys: the same key and body get the first answer again; the effect happens once.

A claim is stored before the work, with the seed from which the ids of created resources derive. After a
crash in the middle the claim's lease runs out, the work runs again with the same ids, and finds what the
first run had already stored.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from pydantic_core import from_json, to_jsonable_python
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from common.clock import Clock
from common.errors import Conflict, DomainError, Invalid, NotFound
from common.ids import sortable_part

LEASE_SECONDS = 15
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
        keys = IdempotencyKeys(self._request.app.state.runtime.database, self._request.app.state.runtime.clock)
        caller = _caller(self._request)
        fingerprint = await _fingerprint(self._request)
        self._seed = await keys.claim(caller, self._key, fingerprint)
        try:
            result = await work()
        except (Conflict, NotFound, Invalid) as error:
            await keys.settle(caller, self._key, _refusal(error))
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


class IdempotencyKeys:
    """The collection ``idempotency_keys``: claims and first answers, kept for 24 hours."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], clock: Clock) -> None:
        self._collection = database["idempotency_keys"]
        self._clock = clock

    async def claim(self, caller: str, key: str, fingerprint: str) -> str:
        """Claim the key; returns the seed for ids. Raises as :meth:`Once.__call__`."""
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
        return str(claim["seed"])

    async def _existing(self, claim: dict[str, Any]) -> str:
        first = await self._collection.find_one({"_id": claim["_id"]})
        if first is None:
            raise Conflict("request_in_progress", "The first request with this key was just given up; try again.")
        if first["fingerprint"] != claim["fingerprint"]:
            raise Invalid("idempotency_key_reused", "This Idempotency-Key was used with another request.")
        if first["answer"] is not None:
            raise Replayed(first["answer"])
        taken_over = await self._collection.update_one(
            {"_id": claim["_id"], "answer": None, "until": {"$lt": claim["at"]}}, {"$set": {"until": claim["until"]}}
        )
        if taken_over.modified_count == 0:
            raise Conflict("request_in_progress", "The first request with this key is still running.")
        return str(first["seed"])

    async def settle(self, caller: str, key: str, answer: dict[str, Any]) -> None:
        """Keep the first answer."""
        await self._collection.update_one({"_id": f"{caller}|{key}"}, {"$set": {"answer": answer}})

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
