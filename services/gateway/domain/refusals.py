"""What only the one door refuses."""

from collections.abc import Sequence

from common.errors import DomainError


class NotBuiltYet(DomainError):
    """An address that a source system documents and whose feature is still to come (501)."""

    def __init__(self, address: str) -> None:
        super().__init__("not_built_yet", f"{address} is not built yet.")


class MethodNotAllowed(DomainError):
    """The address has a meaning, but not with this method (405)."""

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__("method_not_allowed", "This address is not called with this method.")
        self.allowed = tuple(allowed)


class BodyTooLarge(DomainError):
    """More than the limit (413)."""

    def __init__(self) -> None:
        super().__init__("body_too_large", "The body is too large.")


class BodyTooSlow(DomainError):
    """The body did not arrive in time (408)."""

    def __init__(self) -> None:
        super().__init__("request_timeout", "The body did not arrive in time.")
