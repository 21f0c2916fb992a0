"""The gateway's own answers: problems, and what is added to every head."""

from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Message, Send

from common.errors import DomainError, Unavailable
from common.web.problems import of_domain, problem
from services.gateway.clients import DeadlinePassed
from services.gateway.domain.head import answer_headers
from services.gateway.domain.refusals import BodyTooLarge, BodyTooSlow, MethodNotAllowed, NotBuiltYet

STATUS: dict[type[DomainError], int] = {
    BodyTooLarge: 413,
    BodyTooSlow: 408,
    DeadlinePassed: 504,
    MethodNotAllowed: 405,
    NotBuiltYet: 501,
}
"""What only a gateway refuses."""


def problem_of(error: DomainError, path: str) -> Response:
    """The problem answer, also for what only a gateway refuses."""
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), None)
    if status is None:
        return of_domain(error, path)
    answer = problem(status, error.code, error.detail, path)
    if isinstance(error, MethodNotAllowed):
        answer.headers["allow"] = ", ".join(error.allowed)
    if isinstance(error, Unavailable):
        answer.headers["retry-after"] = str(error.retry_after_seconds)
    return answer


_SHED_HEAD = answer_headers([(b"content-type", b"application/problem+json")])
_SHED_BODY = (
    b'{"type":"urn:markethall:problem:%s","title":"Service Unavailable","status":503,"detail":%s,"instance":%s,'
    b'"code":"%s","requestId":"%s"}'
)


async def shed(error: Unavailable, path: str, request_id: str, added: list[tuple[bytes, bytes]], send: Send) -> None:
    """The problem answer of :func:`problem_of` at a third of its cost: there are many when there is too much to do."""
    code = error.code.encode()
    body = _SHED_BODY % (code, to_json(error.detail), to_json(path), code, request_id.encode())
    told = [(b"content-length", b"%d" % len(body)), (b"retry-after", b"%d" % error.retry_after_seconds)]
    await send({"type": "http.response.start", "status": 503, "headers": [*_SHED_HEAD, *told, *added]})
    await send({"type": "http.response.body", "body": body})


def with_headers(send: Send, added: list[tuple[bytes, bytes]]) -> Send:
    """``send``, with ``added`` in the answer's head in place of what stood there under these names."""
    names = {name for name, _ in added}

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [entry for entry in message.get("headers", ()) if entry[0] not in names]
            message["headers"] = answer_headers(own) + added
        await send(message)

    return send_with_headers
