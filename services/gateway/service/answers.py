"""The gateway's own answers: problems, and what is added to every head."""

from starlette.responses import Response
from starlette.types import Message, Send

from common.errors import DomainError
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
    return answer


def with_headers(send: Send, added: list[tuple[bytes, bytes]]) -> Send:
    """``send``, with ``added`` in the answer's head in place of what stood there under these names."""
    names = {name for name, _ in added}

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [entry for entry in message.get("headers", ()) if entry[0] not in names]
            message["headers"] = answer_headers(own) + added
        await send(message)

    return send_with_headers
