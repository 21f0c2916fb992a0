"""Who is acting and on whose request: carried by a context variable through HTTP and events."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class CallContext:
    """The circumstances of one piece of work, copied into every event it causes."""

    correlation_id: str = ""
    causation_id: str | None = None
    actor: str = "system"
    """``user:usr_…``, ``key:key_…``, ``service:sales``, ``anonymous`` or ``system``."""
    client_ip: str | None = None
    traceparent: str | None = None
    company_id: str | None = None
    actor_role: str | None = None
    """Named where it tells what the actor alone does not: the platform's administrator, in whatever company."""


_current: ContextVar[CallContext] = ContextVar("markethall_call", default=CallContext())  # noqa: B039 - it is frozen


def current() -> CallContext:
    """The context of the work at hand."""
    return _current.get()


def enter(context: CallContext) -> None:
    """Make ``context`` current for this task; a request or a delivery has a task or scope of its own."""
    _current.set(context)


def act_as(actor: str, company_id: str | None = None, role: str | None = None) -> None:
    """Name the actor and the company, once the caller has been identified; the role where it tells more."""
    _current.set(replace(_current.get(), actor=actor, company_id=company_id, actor_role=role))


@contextmanager
def scope(context: CallContext) -> Iterator[None]:
    """Run a block under ``context`` and restore what was."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)
