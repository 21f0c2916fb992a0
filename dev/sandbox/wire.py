"""Between the socket and the providers: answers that are late, lost, forced, or never come."""

import asyncio
from collections.abc import Callable
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dev.sandbox.connection import DroppedAnswer
from dev.sandbox.fcm import refusals as fcm
from dev.sandbox.fcm.access import TOKEN_PATH as FCM_TOKEN_PATH
from dev.sandbox.paypal import operations as paypal_operations
from dev.sandbox.paypal import refusals as paypal
from dev.sandbox.rules import ANSWER_FAULTS, Rule, RuleBoard
from dev.sandbox.stripe import operations as stripe_operations
from dev.sandbox.stripe.refusals import Refusal as StripeRefusal
from dev.sandbox.twilio import refusals as twilio
from dev.sandbox.twilio.texts import API_VERSION as TWILIO_VERSION

_MESSAGES = {"POST": "messages.create", "GET": "messages.list"}
_MESSAGE = {"POST": "messages.update", "GET": "messages.get", "DELETE": "messages.delete"}


def operation_of(method: str, path: str) -> tuple[str, str] | None:
    """Whose request it is and what it asks for; None for the sandbox's own pages."""
    if path == FCM_TOKEN_PATH:
        return "fcm", "oauth.token"
    if path.startswith("/v1/projects/"):
        return "fcm", "messages.send"
    if path.startswith(f"/{TWILIO_VERSION}/"):
        return "twilio", (_MESSAGES if path.endswith("/Messages.json") else _MESSAGE).get(method, "unknown")
    if path == paypal_operations.TOKEN_PATH:
        return "paypal", "oauth.token"
    found = paypal_operations.find_operation(method, path)
    if found is not None:
        return "paypal", found.name
    if path.startswith("/v1/") and not path.startswith("/v1/notifications/"):
        return "stripe", _stripe_operation(method, path.removeprefix("/v1/"))
    return None


class FaultyWire:
    """ASGI middleware: what a rule asks for is done to one request."""

    def __init__(self, app: ASGIApp, rules: RuleBoard) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        operation = operation_of(scope["method"], unquote(scope["path"])) if scope["type"] == "http" else None
        rule = self._rules.take(*operation, ANSWER_FAULTS) if operation else None
        if rule is None:
            await self._app(scope, receive, send)
            return
        await self._meet(rule, scope, receive, send)

    async def _meet(self, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:
        match rule.fault:
            case "delay":
                await self._app(scope, receive, _late(send, rule.seconds or 0.0))
            case "status":
                await Request(scope, receive).body()
                await _forced(rule)(scope, receive, send)
            case "drop_before":
                await Request(scope, receive).body()
                await DroppedAnswer()(scope, receive, send)
            case "drop_after":
                await self._app(scope, receive, _nowhere)
                await DroppedAnswer()(scope, receive, send)
            case "dead_connection":
                await _never(receive, rule.seconds)
                await DroppedAnswer()(scope, receive, send)


def _late(send: Send, seconds: float) -> Send:
    """The work is done at once, and its answer is held back."""

    async def wait_then_send(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(seconds)
        await send(message)

    return wait_then_send


async def _nowhere(message: Message) -> None:
    """Takes an answer that nobody shall get."""


async def _never(receive: Receive, seconds: float | None) -> None:
    """Until the client gives up, or for so long."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        async with asyncio.timeout(seconds):
            await gone()
    except TimeoutError:
        return


def _forced(rule: Rule) -> Response:
    status = rule.status or 500
    refused = _REFUSALS[rule.provider](status)
    headers = fcm.Refusal(status, {}).headers if rule.provider == "fcm" else {}
    if rule.provider == "stripe" and status >= 500:
        headers = {"Stripe-Should-Retry": "true"}
    return JSONResponse(refused, status, headers)


def _stripe(status: int) -> dict[str, object]:
    kind = "rate_limit_error" if status == 429 else "api_error" if status >= 500 else "invalid_request_error"
    return StripeRefusal("Forced by a fault.", status=status, kind=kind).body


def _stripe_operation(method: str, path: str) -> str:
    found = stripe_operations.find_operation(method, path)
    if found is None:
        return "unknown"
    run: Callable[..., object] = found[0]
    return f"{run.__module__.rpartition('.')[2]}.{run.__name__}"


_REFUSALS: dict[str, Callable[[int], dict[str, object]]] = {
    "stripe": _stripe,
    "paypal": lambda status: paypal.by_status(status).body,
    "twilio": lambda status: twilio.by_status(status).body,
    "fcm": lambda status: fcm.by_status(status).body,
}
