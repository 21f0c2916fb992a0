"""The HTTP edge of Twilio's Messages API: https://www.twilio.com/docs/messaging/api/message-resource."""

import base64
import binascii
import hashlib
import hmac
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.sandbox.callbacks import Callback
from dev.sandbox.requests import read_body
from dev.sandbox.settings import TwilioSettings
from dev.sandbox.storage import Storage
from dev.sandbox.twilio.refusals import Json, Refusal, by_status
from dev.sandbox.twilio.texts import API_VERSION, Account

_BASE = f"/{API_VERSION}/Accounts/{{account}}"


@dataclass(frozen=True)
class TwilioApi:
    """The routes of Twilio; `wake` says that callbacks may be due."""

    storage: Storage
    now: Callable[[], float]
    own: TwilioSettings | None
    wake: Callable[[], None]

    def routes(self) -> list[Route]:
        """For the application's router."""
        one = f"{_BASE}/Messages/{{sid}}.json"
        return [
            Route(f"{_BASE}/Messages.json", self.create, methods=["POST"]),
            Route(f"{_BASE}/Messages.json", self.listing),
            Route(one, self.fetch),
            Route(one, self.change, methods=["POST"]),
            Route(one, self.remove, methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> Response:
        """Send a message."""
        form = _form(await read_body(request))
        answer = await self._answer(request, lambda account: account.create(form), status=201)
        self.wake()
        return answer

    async def listing(self, request: Request) -> Response:
        """The account's messages."""
        query, path = dict(request.query_params), request.url.path
        return await self._answer(request, lambda account: account.listing(query, path))

    async def fetch(self, request: Request) -> Response:
        """One message."""
        sid = request.path_params["sid"]
        return await self._answer(request, lambda account: account.fetch(sid))

    async def change(self, request: Request) -> Response:
        """Redact a message."""
        sid, form = request.path_params["sid"], _form(await read_body(request))
        return await self._answer(request, lambda account: account.change(sid, form))

    async def remove(self, request: Request) -> Response:
        """Delete a message."""
        sid = request.path_params["sid"]
        return await self._answer(request, lambda account: account.remove(sid), status=204)

    async def _answer(self, request: Request, work: Callable[[Account], Json | None], *, status: int = 200) -> Response:
        now, sid = self.now(), request.path_params["account"]
        authorization = request.headers.get("authorization", "")

        def run(db: sqlite3.Connection) -> Json | None:
            _check(db, sid, authorization, self.own)
            return work(Account(db, sid, now))

        try:
            answered = await self.storage.run(run)
        except Refusal as refused:
            return JSONResponse(refused.body, refused.status)
        return Response(status_code=status) if answered is None else JSONResponse(answered, status)


def signed_headers(db: sqlite3.Connection, callback: Callback, own: TwilioSettings | None) -> Mapping[str, str]:
    """X-Twilio-Signature: HMAC-SHA1 over the address and the sorted parameters.

    https://www.twilio.com/docs/usage/security#validating-requests
    """
    token = own.auth_token if own and own.account_sid == callback.receiver else _kept_token(db, callback.receiver) or ""
    told = sorted(parse_qsl(callback.body.decode()))
    text = callback.url + "".join(name + value for name, value in told)
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "User-Agent": "TwilioProxy/1.1",
        "X-Twilio-Signature": base64.b64encode(digest).decode(),
        "I-Twilio-Idempotency-Token": hashlib.sha256(callback.body).hexdigest()[:32],
    }


def _check(db: sqlite3.Connection, sid: str, authorization: str, own: TwilioSettings | None) -> None:
    """The account of the environment has its own token; any other keeps the one that it first came with."""
    given = _basic(authorization)
    if given is None or given.account_sid != sid or not sid.startswith("AC") or not given.auth_token:
        raise by_status(401)
    known = own.auth_token if own and own.account_sid == sid else _kept_token(db, sid)
    if known is None:
        db.execute("INSERT INTO own_secrets (name, value) VALUES (?,?)", (f"twilio.{sid}", given.auth_token))
    elif not hmac.compare_digest(known.encode(), given.auth_token.encode()):
        raise by_status(401)


def _kept_token(db: sqlite3.Connection, sid: str) -> str | None:
    row = db.execute("SELECT value FROM own_secrets WHERE name = ?", (f"twilio.{sid}",)).fetchone()
    return None if row is None else str(row["value"])


def _basic(authorization: str) -> TwilioSettings | None:
    scheme, _, encoded = authorization.partition(" ")
    try:
        sid, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return TwilioSettings(sid, token) if scheme.lower() == "basic" else None


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
