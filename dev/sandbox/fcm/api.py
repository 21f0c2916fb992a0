"""The HTTP edge of FCM: https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send."""

import json
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.sandbox.fcm import access
from dev.sandbox.fcm.refusals import Json, Refusal, refusal
from dev.sandbox.requests import read_body
from dev.sandbox.storage import Storage

SEND_PATH = "/v1/projects/{project}/messages:send"
PAYLOAD_LIMIT_BYTES = 4_096
TARGETS = ("token", "topic", "condition")
_TELLING_TOKENS = {
    "unregistered": "UNREGISTERED",
    "invalid": "INVALID_ARGUMENT",
    "quota": "QUOTA_EXCEEDED",
    "unavailable": "UNAVAILABLE",
    "internal": "INTERNAL",
    "mismatch": "SENDER_ID_MISMATCH",
    "thirdparty": "THIRD_PARTY_AUTH_ERROR",
}
"""What a token begins with that is refused: `unregistered-…`, `quota-…`."""
_FIELDS = {"name", "data", "notification", "android", "webpush", "apns", "fcm_options", "fcmOptions", *TARGETS}


@dataclass(frozen=True)
class FcmApi:
    """The routes of FCM; `account` is None where nobody may send."""

    storage: Storage
    now: Callable[[], float]
    account: access.ServiceAccount | None

    def routes(self) -> list[Route]:
        """For the application's router."""
        return [
            Route(access.TOKEN_PATH, self.token, methods=["POST"]),
            Route(SEND_PATH, self.send, methods=["POST"]),
        ]

    async def token(self, request: Request) -> Response:
        """An access token for a signed assertion."""
        form, now = dict(parse_qsl((await read_body(request)).decode("utf-8", "replace"))), self.now()
        return await self._answer(lambda db: access.issue(db, form, self.account, now))

    async def send(self, request: Request) -> Response:
        """One message; with `validate_only` it is only looked at."""
        body, now = await read_body(request), self.now()
        project, authorization = request.path_params["project"], request.headers.get("authorization", "")

        def run(db: sqlite3.Connection) -> Json:
            access.check(db, authorization, project, now)
            return _send(db, _read(body), project, now)

        return await self._answer(run)

    async def _answer(self, work: Callable[[sqlite3.Connection], Json]) -> Response:
        try:
            return JSONResponse(await self.storage.run(work))
        except Refusal as refused:
            return JSONResponse(refused.body, refused.status, refused.headers)


def _read(body: bytes) -> Json:
    try:
        read: Any = json.loads(body)
    except ValueError as error:
        raise refusal("INVALID_ARGUMENT", "Invalid JSON payload received.") from error
    if not isinstance(read, dict) or not isinstance(read.get("message"), dict):
        raise refusal("INVALID_ARGUMENT", "Request contains an invalid argument.")
    return read


def _send(db: sqlite3.Connection, asked: Json, project: str, now: float) -> Json:
    message: Json = asked["message"]
    _check_message(message)
    target = next(name for name in TARGETS if name in message)
    address = str(message[target])
    code = _TELLING_TOKENS.get(address.partition("-")[0].lower()) if target == "token" else None
    if code is not None:
        raise refusal(code)
    if asked.get("validate_only") or asked.get("validateOnly"):
        return {"name": f"projects/{project}/messages/fake_message_id"}
    name = f"projects/{project}/messages/0:{int(now * 1_000_000)}%{secrets.token_hex(8)}"
    db.execute(
        "INSERT INTO pushes (name, target, address, sent_at, body) VALUES (?,?,?,?,?)",
        (name, target, address, now, json.dumps(message)),
    )
    return {"name": name}


def _check_message(message: Json) -> None:
    unknown = set(message) - _FIELDS
    if unknown:
        raise refusal("INVALID_ARGUMENT", f"Invalid JSON payload received. Unknown name {sorted(unknown)[0]!r}.")
    if sum(name in message for name in TARGETS) != 1:
        raise refusal("INVALID_ARGUMENT", "Exactly one of token, topic or condition is required.")
    data = message.get("data", {})
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise refusal("INVALID_ARGUMENT", "Invalid value at 'message.data': all values are strings.")
    payload = json.dumps({"data": data, "notification": message.get("notification")}, ensure_ascii=False)
    if len(payload.encode()) > PAYLOAD_LIMIT_BYTES:
        raise refusal("INVALID_ARGUMENT", "Android message is too big")
