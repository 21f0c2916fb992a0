"""Facts of the auth service."""

from typing import ClassVar

from common.events.base import EventData
from common.events.parts import ChangeData


class UserRegistered(EventData):
    """A customer signed up. Sales makes the customer record; notification greets and knows the address."""

    TYPE: ClassVar[str] = "user.registered"
    PRODUCER: ClassVar[str] = "auth"
    user_id: str
    email: str
    name: str | None = None
    role: str = "customer"
    customer_id: str | None = None


class UserCreated(EventData):
    """A member of staff got an account or a membership in the event's company."""

    TYPE: ClassVar[str] = "user.created"
    PRODUCER: ClassVar[str] = "auth"
    user_id: str
    email: str
    name: str | None = None
    role: str
    shop_ids: list[str] = []
    status: str = "active"


class UserUpdated(ChangeData):
    """Role, shops, name or status of a membership changed."""

    TYPE: ClassVar[str] = "user.updated"
    PRODUCER: ClassVar[str] = "auth"
    user_id: str = ""
    email: str = ""
    name: str | None = None
    role: str = ""
    shop_ids: list[str] = []
    status: str = "active"

    def subject_id(self) -> str:
        return self.user_id


class UserDisabled(EventData):
    """A membership ended; its tokens stop."""

    TYPE: ClassVar[str] = "user.disabled"
    PRODUCER: ClassVar[str] = "auth"
    user_id: str
    email: str


class UserSignedIn(EventData):
    """A session began."""

    TYPE: ClassVar[str] = "user.signed_in"
    PRODUCER: ClassVar[str] = "auth"
    user_id: str
    session_id: str


class SignInRefused(EventData):
    """A wrong password for a known account; a security event."""

    TYPE: ClassVar[str] = "user.sign_in_refused"
    PRODUCER: ClassVar[str] = "auth"
    user_id: str
    reason: str


class SessionRevoked(EventData):
    """A session, or every session of a user, ended before its tokens expired.

    ``session_id`` null: all sessions of ``user_id`` begun before ``revoked_before`` (seconds since 1970).
    """

    TYPE: ClassVar[str] = "session.revoked"
    PRODUCER: ClassVar[str] = "auth"
    user_id: str
    session_id: str | None = None
    revoked_before: int
    reason: str
