"""Typed errors of the domain. They know no HTTP; ``common.web.problems`` maps each kind to a status."""

from collections.abc import Sequence
from typing import Any


class DomainError(Exception):
    """Something refused. ``code`` is the stable machine word, ``detail`` a sentence for people.

    ``extra`` members are shown beside it in the problem answer (``currentTotal`` …).
    """

    def __init__(self, code: str, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail
        self.extra = extra


class BadRequest(DomainError):
    """The request makes no sense as a whole (400)."""


class Unauthenticated(DomainError):
    """No or bad credentials (401)."""


class Forbidden(DomainError):
    """Known who, not allowed (403)."""


class NotFound(DomainError):
    """It is not there, or belongs to somebody else: the same answer for both (404)."""

    def __init__(self, what: str = "resource", **extra: Any) -> None:
        super().__init__("not_found", f"There is no such {what}.", **extra)


class Conflict(DomainError):
    """The state does not allow it (409)."""


class InvalidTransition(Conflict):
    """A move that is not on the map; changes nothing."""

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__("invalid_transition", detail, **extra)


class VersionConflict(DomainError):
    """Somebody changed the resource in between (412 when the caller named a version)."""

    def __init__(self) -> None:
        super().__init__("version_conflict", "The resource was changed by somebody else in between.")


class Invalid(DomainError):
    """The content is refused (422). ``fields`` names each field with its message."""

    def __init__(self, code: str, detail: str = "", fields: Sequence[tuple[str, str]] = (), **extra: Any) -> None:
        super().__init__(code, detail, **extra)
        self.fields = list(fields)


class TooManyRequests(DomainError):
    """Slow down (429); ``retry_after_seconds`` says for how long."""

    def __init__(self, detail: str, retry_after_seconds: int, code: str = "rate_limited") -> None:
        super().__init__(code, detail)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(DomainError):
    """Something needed is away for the moment (503)."""

    def __init__(self, detail: str, retry_after_seconds: int = 1, code: str = "unavailable") -> None:
        super().__init__(code, detail)
        self.retry_after_seconds = retry_after_seconds


class ComeBackLater(Exception):
    """Raised by an event handler for what came too early: try again after a while, nothing is wrong."""
