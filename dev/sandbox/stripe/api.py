"""The HTTP edge of Stripe's API: who calls, what is asked, and how the answer goes out (or is lost)."""

import asyncio
import sqlite3
from collections.abc import Callable
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dev.sandbox.connection import DroppedAnswer
from dev.sandbox.faults import FaultBoard
from dev.sandbox.storage import Storage
from dev.sandbox.stripe.book import API_VERSION, Book, Call, Run, dump, new_id
from dev.sandbox.stripe.forms import decode_form
from dev.sandbox.stripe.idempotency import KEY_LENGTH_LIMIT, Outcome, execute, in_use
from dev.sandbox.stripe.keys import account_of
from dev.sandbox.stripe.operations import find_operation
from dev.sandbox.stripe.refusals import Refusal, invalid_param

BODY_LIMIT_BYTES = 256 * 1024


class StripeApi:
    """The ASGI application below /v1. `on_announced` is called when webhooks are waiting to go out."""

    def __init__(
        self,
        storage: Storage,
        faults: FaultBoard,
        *,
        now: Callable[[], float],
        public_url: str,
        on_announced: Callable[[], None],
    ) -> None:
        self._storage = storage
        self._faults = faults
        self._now = now
        self._public_url = public_url
        self._on_announced = on_announced
        self._in_flight: set[tuple[str, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive)
        request_id = new_id("req")
        changing = request.method != "GET"
        try:
            outcome = await self._outcome(request, request_id)
        except Refusal as refusal:
            outcome = Outcome(refusal.status, dump(refusal.body))
        response: Response = _response(request, request_id, outcome)
        if changing and await self._faults.use("drop_answers"):
            response = DroppedAnswer()
        await response(scope, receive, send)

    async def _outcome(self, request: Request, request_id: str) -> Outcome:
        account = account_of(request.headers.get("authorization", ""))
        path = unquote(request.url.path)
        found = find_operation(request.method, path.removeprefix("/v1/"))
        if found is None:
            raise Refusal(f"Unrecognized request URL ({request.method}: {path[:200]}).", status=404, before_effect=True)
        run, object_id = found
        encoded = request.url.query if request.method == "GET" else await _body(request)
        call = Call(id=object_id, params=decode_form(encoded), path=path)
        if request.method == "GET":
            return await self._run(run, call, account=account, request_id=request_id, key=None)
        if await self._faults.use("server_errors"):
            raise Refusal("An unknown error occurred.", status=500, kind="api_error", before_effect=True)
        return await self._run_once(run, call, account=account, request_id=request_id, key=_key(request))

    async def _run_once(self, run: Run, call: Call, *, account: str, request_id: str, key: str | None) -> Outcome:
        if key is None:
            return await self._run(run, call, account=account, request_id=request_id, key=None)
        if (account, key) in self._in_flight:
            raise in_use(key)
        self._in_flight.add((account, key))
        try:
            # The wait of a slow answer is in it: the key stays in use as long as nobody was answered.
            return await self._run(run, call, account=account, request_id=request_id, key=key)
        finally:
            self._in_flight.discard((account, key))

    async def _run(self, run: Run, call: Call, *, account: str, request_id: str, key: str | None) -> Outcome:
        now = self._now()

        def operation(db: sqlite3.Connection) -> Outcome:
            book = Book(db, account, now, self._public_url, request_id=request_id, idempotency_key=key)
            return execute(book, run, call)

        outcome = await self._storage.run(operation)
        if outcome.announced:
            self._on_announced()
        delay = self._faults.current.delay_milliseconds
        if delay:
            await asyncio.sleep(delay / 1_000)
        return outcome


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and len(key) > KEY_LENGTH_LIMIT:
        raise invalid_param("Idempotency-Key", f"Keys take at most {KEY_LENGTH_LIMIT} characters.")
    return key or None


async def _body(request: Request) -> str:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_LIMIT_BYTES:
            raise Refusal("The request is too large.", status=413, before_effect=True)
        chunks.append(chunk)
    try:
        return b"".join(chunks).decode()
    except UnicodeDecodeError as error:
        raise Refusal("The request's parameters are not UTF-8.", before_effect=True) from error


def _response(request: Request, request_id: str, outcome: Outcome) -> Response:
    headers = {
        "Request-Id": request_id,
        "Stripe-Version": request.headers.get("stripe-version", API_VERSION),
        "Cache-Control": "no-cache, no-store",
    }
    key = request.headers.get("idempotency-key")
    if key:
        headers["Idempotency-Key"] = key
        headers["Original-Request"] = outcome.original_request or request_id
    if outcome.original_request is not None:
        headers["Idempotent-Replayed"] = "true"
    if outcome.status == 409 or outcome.status >= 500:
        headers["Stripe-Should-Retry"] = "true"
    return Response(outcome.body, outcome.status, headers, media_type="application/json")
