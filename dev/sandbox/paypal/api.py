"""The HTTP edge of PayPal's API: who calls, what is asked, how the answer goes out."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.sandbox.paypal import access
from dev.sandbox.paypal.idempotency import ID_LENGTH_LIMIT, Outcome, execute
from dev.sandbox.paypal.ledger import Answer, Call, Ledger
from dev.sandbox.paypal.operations import TOKEN_PATH, find_operation
from dev.sandbox.paypal.refusals import Json, Refusal, invalid, missing, mocked, new_debug_id
from dev.sandbox.paypal.signing import CERTIFICATE_PATH, load_signer
from dev.sandbox.requests import read_body
from dev.sandbox.storage import Storage

_METHODS = ["GET", "POST", "PATCH", "DELETE"]
_PREFIXES = ("/v2/checkout", "/v2/payments", "/v3/vault", "/v1/notifications")
_BRIEF = ("id", "status", "links", "payment_source")


@dataclass(frozen=True)
class PayPalApi:
    """The routes of PayPal; `wake` says that webhooks may be due."""

    storage: Storage
    now: Callable[[], float]
    public_url: str
    client: access.Client | None
    wake: Callable[[], None]

    def routes(self) -> list[Route]:
        """For the application's router."""
        return [
            Route(TOKEN_PATH, self.token, methods=["POST"]),
            Route(CERTIFICATE_PATH, self.certificate),
            *(Route(f"{prefix}/{{rest:path}}", self.call, methods=_METHODS) for prefix in _PREFIXES),
        ]

    async def token(self, request: Request) -> Response:
        """OAuth 2 client credentials."""
        body, now = (await read_body(request)).decode("utf-8", "replace"), self.now()
        authorization = request.headers.get("authorization", "")
        try:
            if "grant_type=client_credentials" not in body.split("&"):
                raise Refusal(400, {"error": "unsupported_grant_type", "error_description": "Unsupported grant_type"})
            issued = await self.storage.run(lambda db: access.issue(db, authorization, self.client, now))
        except Refusal as refused:
            return _json(refused.body, refused.status)
        return _json(issued, 200)

    async def certificate(self, request: Request) -> Response:
        """What PAYPAL-CERT-URL leads to."""
        signer = await self.storage.run(load_signer)
        return Response(signer.certificate, media_type="application/x-pem-file")

    async def call(self, request: Request) -> Response:
        """One call of the API."""
        try:
            outcome = await self._outcome(request)
        except Refusal as refused:
            return _json(refused.body, refused.status)
        return _response(request, outcome)

    async def _outcome(self, request: Request) -> Outcome:
        operation = find_operation(request.method, unquote(request.url.path))
        if operation is None:
            raise missing()
        call = Call(operation.id, _read(await read_body(request)), dict(request.query_params))
        request_id, now = _request_id(request), self.now()
        authorization, mock = request.headers.get("authorization", ""), _mock(request)

        def run(db: sqlite3.Connection) -> Outcome:
            account = access.account_of(db, authorization, now)
            if mock is not None:
                raise mocked(mock)
            return execute(Ledger(db, account, now, self.public_url, request_id=request_id), operation, call)

        outcome = await self.storage.run(run)
        self.wake()
        return outcome


def _read(body: bytes) -> Json:
    """A JSON object; a list, which is JSON Patch, stands under `patches`."""
    try:
        read: Any = json.loads(body) if body else {}
    except ValueError as error:
        raise invalid("MALFORMED_REQUEST_JSON") from error
    if isinstance(read, list) and all(isinstance(each, dict) for each in read):
        return {"patches": read}
    if not isinstance(read, dict):
        raise invalid("MALFORMED_REQUEST_JSON")
    return read


def _request_id(request: Request) -> str | None:
    request_id = request.headers.get("paypal-request-id")
    if request_id is not None and len(request_id) > ID_LENGTH_LIMIT:
        raise invalid("INVALID_STRING_LENGTH", "PayPal-Request-Id")
    return request_id or None


def _mock(request: Request) -> str | None:
    """`PayPal-Mock-Response: {"mock_application_codes": "INSTRUMENT_DECLINED"}`."""
    header = request.headers.get("paypal-mock-response")
    if not header:
        return None
    try:
        asked = json.loads(header)["mock_application_codes"]
        return str(asked[0] if isinstance(asked, list) else asked)
    except (ValueError, LookupError, TypeError) as error:
        raise invalid("INVALID_PARAMETER_SYNTAX", "PayPal-Mock-Response") from error


def _response(request: Request, outcome: Outcome) -> Response:
    answer: Answer = outcome.answer
    brief = answer.brief and "return=representation" not in request.headers.get("prefer", "")
    if answer.body is None or (brief and request.url.path.endswith("/void")):
        return Response(status_code=204, headers={"Paypal-Debug-Id": new_debug_id()})
    body = {name: answer.body[name] for name in _BRIEF if name in answer.body} if brief else answer.body
    return _json(body, answer.status)


def _json(body: Json, status: int) -> Response:
    return JSONResponse(
        body, status, {"Paypal-Debug-Id": body.get("debug_id", new_debug_id()), "Cache-Control": "no-store"}
    )
