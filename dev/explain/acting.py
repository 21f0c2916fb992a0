"""What an operator does about an order: make it go on, call it off, give its money back; always with a reason."""

import asyncio
import hashlib
from collections.abc import Iterator
from typing import Any, Literal

from common.suite import SERVICES
from dev.explain.broker import Broker
from dev.explain.case import Case
from dev.explain.sources import Sources
from dev.explain.verdict import lost_events, unread_by
from dev.home import Home, OperatorError
from dev.readiness import answers
from dev.secret_store import SecretStore
from dev.trading import Api, Refused

Action = Literal["resume", "cancel", "refund"]

ANSWER_SECONDS = 30.0
NEEDED: dict[Action, tuple[str, ...]] = {
    "resume": ("gateway", "auth", "sales"),
    "cancel": ("gateway", "auth", "sales"),
    "refund": ("gateway", "auth", "payment"),
}
ADDRESSES: dict[Action, str] = {
    "resume": "/api/orders/{}/resume",
    "cancel": "/api/orders/{}/cancel",
    "refund": "/api/payments/orders/{}/refund",
}


def act(home: Home, sources: Sources, broker: Broker, case: Case, action: Action, reason: str) -> list[str]:
    """Do it as the super admin, through the gateway, so that permission, compensation and audit apply as always.

    Answers what was done, in words. Raises OperatorError when a service that is needed does not answer, or refuses.
    """
    absent = [name for name in NEEDED[action] if not answers(home.port(SERVICES[name].port_offset), "/health/live")]
    if absent:
        raise OperatorError(f"{' and '.join(absent)} must run for that: ./markethall start {' '.join(absent)}")
    asyncio.run(_call(home, case, action, reason))
    if action != "resume":
        return [f"{action} was asked for: {reason}"]
    return ["the reason was noted, and what was overdue ended", *_push(sources, broker, case)]


def _push(sources: Sources, broker: Broker, case: Case) -> Iterator[str]:
    """Every message of the order that lies anywhere gets going; its ids stay, so that nothing happens twice."""
    for seen in case.events:
        if seen.sent_at is None and seen.aggregate is not None:
            sources.wake(seen.service, *seen.aggregate)
            yield f"{seen.type} is offered to the broker again"
    if case.broker.dead:
        services = sorted({each["service"] for each in case.broker.dead})
        for each in broker.replay(services, {seen.id for seen in case.events}, case.records.order_id):
            yield f"{each['type']} was taken out of the dead letters of {each['service']}"
    sending = [*lost_events(case), *unread_by(case, "notification")]
    broker.send(sending)
    for service, seen in sending:
        yield f"{seen.type} was sent to {service} again"


async def _call(home: Home, case: Case, action: Action, reason: str) -> None:
    secrets = SecretStore(home.secrets)
    email, password = secrets.find("administrator.email"), secrets.find("administrator.password")
    if email is None or password is None:
        raise OperatorError("The first super admin of this home is not known.")
    path = ADDRESSES[action].format(case.records.order_id)
    try:
        async with asyncio.timeout(ANSWER_SECONDS), Api(home.service_url("gateway")) as api:
            await api.sign_in(email, password)
            within: dict[str, Any] = {"X-Tenant-ID": case.records.company_id}
            await api.post(path, {"reason": reason}, key=_key(case, action, reason), **within)
    except Refused as refused:
        told = refused.problem.get("detail") or refused.problem.get("title")
        raise OperatorError(f"The suite refused ({refused.code}): {told}") from refused
    except TimeoutError as error:
        raise OperatorError("The gateway does not answer; run it again: nothing is done twice.") from error


def _key(case: Case, action: Action, reason: str) -> str | None:
    """Cancelling and refunding for one reason are one request, however often they are asked for."""
    if action == "resume":
        return None
    told = f"{action}|{case.records.order_id}|{reason}"
    return f"explain-{hashlib.sha256(told.encode()).hexdigest()[:32]}"
