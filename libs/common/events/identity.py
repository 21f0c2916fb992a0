"""Facts of the auth service."""

from datetime import datetime
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
    role_id: str | None = None
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
    role_id: str | None = None
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


class LinkRequested(EventData):
    """Base of the facts that lead to a mail with a secret in it.

    The secret stays in auth: notification asks it for ``GET /internal/links/{linkId}`` when it sends the mail.
    """

    user_id: str
    link_id: str
    email: str


class PasswordResetRequested(LinkRequested):
    """Somebody forgot a password; the mail carries the way to a new one."""

    TYPE: ClassVar[str] = "user.password_reset_requested"
    PRODUCER: ClassVar[str] = "auth"


class VerificationRequested(LinkRequested):
    """An address is to be confirmed by whoever reads its mail."""

    TYPE: ClassVar[str] = "user.verification_requested"
    PRODUCER: ClassVar[str] = "auth"


class UserLocked(LinkRequested):
    """Too many wrong passwords; the mail carries the owner's way out."""

    TYPE: ClassVar[str] = "user.locked"
    PRODUCER: ClassVar[str] = "auth"


class UserInvited(LinkRequested):
    """Somebody is asked to work for a company; the mail carries the way to accept."""

    TYPE: ClassVar[str] = "user.invited"
    PRODUCER: ClassVar[str] = "auth"


class EmailChangeRequested(LinkRequested):
    """A new address is to be confirmed before it replaces the old one; ``email`` is the new one."""

    TYPE: ClassVar[str] = "user.email_change_requested"
    PRODUCER: ClassVar[str] = "auth"


class EmailVerified(EventData):
    """An account's address was shown to be its owner's."""

    TYPE: ClassVar[str] = "user.email_verified"
    PRODUCER: ClassVar[str] = "auth"
    user_id: str
    email: str


class EmailChanged(ChangeData):
    """An account has another address; ``before`` and ``after`` hold both."""

    TYPE: ClassVar[str] = "user.email_changed"
    PRODUCER: ClassVar[str] = "auth"
    user_id: str = ""
    email: str = ""

    def subject_id(self) -> str:
        return self.user_id


class PasswordChanged(EventData):
    """An account has another password. ``reason``: changed, reset or invitation."""

    TYPE: ClassVar[str] = "user.password_changed"
    PRODUCER: ClassVar[str] = "auth"
    user_id: str
    email: str
    reason: str


class RoleCreated(EventData):
    """A company has a role of its own."""

    TYPE: ClassVar[str] = "role.created"
    PRODUCER: ClassVar[str] = "auth"
    role_id: str
    name: str
    permissions: list[str]


class RoleUpdated(ChangeData):
    """A company's own role was edited; its people's tokens are made anew."""

    TYPE: ClassVar[str] = "role.updated"
    PRODUCER: ClassVar[str] = "auth"
    role_id: str = ""
    name: str = ""
    permissions: list[str] = []

    def subject_id(self) -> str:
        return self.role_id


class RoleDeleted(EventData):
    """A company's own role is gone; nobody had it."""

    TYPE: ClassVar[str] = "role.deleted"
    PRODUCER: ClassVar[str] = "auth"
    role_id: str
    name: str


class ApiKeyCreated(EventData):
    """A company has a new API key."""

    TYPE: ClassVar[str] = "apikey.created"
    PRODUCER: ClassVar[str] = "auth"
    key_id: str
    name: str
    type: str
    scopes: list[str]
    prefix: str
    expires_at: datetime | None = None


class ApiKeyUpdated(ChangeData):
    """A key was renamed, or expires at another time. ``revoked_before``: its older tokens stop, if any do."""

    TYPE: ClassVar[str] = "apikey.updated"
    PRODUCER: ClassVar[str] = "auth"
    key_id: str = ""
    name: str = ""
    expires_at: datetime | None = None
    revoked_before: int | None = None

    def subject_id(self) -> str:
        return self.key_id


class ApiKeyRotated(EventData):
    """A key has a new secret; the one before works until ``previous_until``.

    ``revoked_before``: tokens issued earlier (seconds since 1970) stop, because there is no overlap.
    """

    TYPE: ClassVar[str] = "apikey.rotated"
    PRODUCER: ClassVar[str] = "auth"
    key_id: str
    name: str
    prefix: str
    previous_until: datetime
    revoked_before: int | None = None


class ApiKeyRevoked(EventData):
    """A key ended; its tokens stop at once."""

    TYPE: ClassVar[str] = "apikey.revoked"
    PRODUCER: ClassVar[str] = "auth"
    key_id: str
    name: str
    revoked_before: int


class SigningKeyRotated(EventData):
    """Access tokens are signed by another key from ``signs_from`` on."""

    TYPE: ClassVar[str] = "signingkey.rotated"
    PRODUCER: ClassVar[str] = "auth"
    key_id: str
    signs_from: datetime
