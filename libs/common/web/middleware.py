"""One pure ASGI layer around every service: request id, call context, limits, metrics, the last catch."""

import re
import time
from functools import lru_cache
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import context, telemetry
from common.ids import new_id
from common.logging import get_logger
from common.web.problems import problem

log = get_logger(__name__)

_REQUEST_ID = re.compile(rb"^[A-Za-z0-9._:-]{1,128}$")
_TRACEPARENT = re.compile(rb"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Anything else is counted as one: a client may send any word, and each would be a series of its own."""

_requests = Counter(
    "markethall_http_requests_total",
    "HTTP requests answered, by the template of their route",
    ["method", "route", "status"],
)
_seconds = Histogram(
    "markethall_http_request_seconds", "Time to answer a request, by route", ["route"], buckets=_BUCKETS
)


class BodyTooLarge(Exception):
    """The client sent more than the limit."""


class ServiceMiddleware:
    """Wraps the application. A context variable set here reaches handlers, which BaseHTTPMiddleware breaks."""

    def __init__(self, app: ASGIApp, service: str, body_limit_bytes: int) -> None:
        self._app = app
        self._service = service
        self._limit = body_limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        headers = dict(scope["headers"])
        call = _call_of(scope, headers)
        context.enter(call)
        call_state = _Answer(send, call.correlation_id)
        started = time.perf_counter()
        try:
            if int(headers.get(b"content-length", b"0") or b"0") > self._limit:
                raise BodyTooLarge
            if headers.get(b"content-encoding", b"identity").lower() != b"identity":
                await call_state.problem(scope, receive, 415, "unsupported_encoding", "Send the body as it is.")
                return
            await self._app(scope, self._limited(receive, headers), call_state.send)
        except BodyTooLarge:
            await call_state.problem(scope, receive, 413, "body_too_large", "The body is too large.")
        except (ValueError, OverflowError) as error:
            if call_state.status:
                raise
            log.warning("bad_request", error=repr(error))
            await call_state.problem(scope, receive, 400, "bad_request", "The request cannot be read.")
        except Exception as error:
            log.error("unhandled_error", path=scope["path"], exc_info=error)
            await call_state.problem(scope, receive, 500, "internal_error", "Something went wrong on our side.")
        finally:
            self._observe(scope, call_state.status, time.perf_counter() - started)

    def _limited(self, receive: Receive, headers: dict[bytes, bytes]) -> Receive:
        seen = 0
        is_json = b"json" in headers.get(b"content-type", b"").lower()

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            if is_json and not seen and b"\0" in message.get("body", b"")[:4]:
                raise ValueError("JSON between systems is UTF-8 (RFC 8259, 8.1), which no NUL begins")
            seen += len(message.get("body", b""))
            if seen > self._limit:
                raise BodyTooLarge
            return message

        return limited

    def _observe(self, scope: Scope, status: int, seconds: float) -> None:
        route: Any = scope.get("route")
        template = getattr(route, "path", "unmatched")
        count, duration = _measures(scope["method"], template, status)
        count.inc()
        duration.observe(seconds)
        if scope["method"] not in ("GET", "HEAD", "OPTIONS") or status >= 500:
            milliseconds = round(seconds * 1000)
            log.info("request", method=scope["method"], route=template, status=status, milliseconds=milliseconds)


class _Answer:
    """Adds the request id to the answer's head and remembers whether one was sent."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id.encode()
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), (b"x-request-id", self._request_id)]
        await self._send(message)

    async def problem(self, scope: Scope, receive: Receive, status: int, code: str, detail: str) -> None:
        if self.status == 0:
            await problem(status, code, detail, scope["path"])(scope, receive, self.send)


@lru_cache(maxsize=4096)
def _measures(method: str, template: str, status: int) -> tuple[Counter, Histogram]:
    known = method if method in _METHODS else "OTHER"
    return _requests.labels(known, template, str(status)), _seconds.labels(template)


def _without_body(send: Send) -> Send:
    """What answers HEAD: the head of GET (RFC 9110, 9.3.2)."""

    async def head_only(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return head_only


def _call_of(scope: Scope, headers: dict[bytes, bytes]) -> context.CallContext:
    request_id = headers.get(b"x-request-id", b"")
    traceparent = headers.get(b"traceparent", b"")
    forwarded = headers.get(b"x-forwarded-for", b"").split(b",")[0].strip().decode("latin-1")
    client = scope.get("client")
    return context.CallContext(
        correlation_id=request_id.decode() if _REQUEST_ID.match(request_id) else new_id("req"),
        actor="anonymous",
        client_ip=forwarded or (client[0] if client else None),
        traceparent=telemetry.here(traceparent.decode() if _TRACEPARENT.match(traceparent) else None),
    )
