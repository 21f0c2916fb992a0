"""Links that are mailed: one use, an end, and a secret that is stored sealed and found by its hash."""

from datetime import datetime, timedelta
from typing import Literal

from common.aggregate import Aggregate
from common.events.identity import (
    EmailChangeRequested,
    LinkRequested,
    PasswordResetRequested,
    UserInvited,
    UserLocked,
    VerificationRequested,
)

LinkPurpose = Literal["password_reset", "email_verification", "email_change", "unlock", "invitation"]

HOUR = 3600
LASTS_SECONDS: dict[LinkPurpose, int] = {
    "password_reset": HOUR,
    "email_verification": 72 * HOUR,
    "email_change": 24 * HOUR,
    "unlock": HOUR,
    "invitation": 7 * 24 * HOUR,
}
PAGES: dict[LinkPurpose, str] = {
    "password_reset": "/account/reset-password",
    "email_verification": "/account/verify-email",
    "email_change": "/account/verify-email",
    "unlock": "/account/unlock",
    "invitation": "/account/invitation",
}
"""Where the console takes the token, which stands behind ``#`` so that no server logs it."""

ENDED_BY_PASSWORD: tuple[LinkPurpose, ...] = ("password_reset", "email_change")
"""What another password closes: whoever asked for these may be whom the owner has just shut out."""

ENDED_BY_ADDRESS: tuple[LinkPurpose, ...] = (*ENDED_BY_PASSWORD, "email_verification", "unlock")
"""What another address closes: these were mailed to a mailbox that the owner has left."""

ASKED: dict[LinkPurpose, type[LinkRequested]] = {
    "password_reset": PasswordResetRequested,
    "email_verification": VerificationRequested,
    "email_change": EmailChangeRequested,
    "unlock": UserLocked,
    "invitation": UserInvited,
}


class Link(Aggregate):
    """A mailed link. Without ``user_id`` it is for an address that nobody has: the same work, and no mail."""

    purpose: LinkPurpose
    user_id: str | None
    email: str
    name: str | None
    token_hash: str
    token_sealed: str
    expires_at: datetime
    used_at: datetime | None = None

    @classmethod
    def make(
        cls,
        *,
        link_id: str,
        company_id: str | None,
        purpose: LinkPurpose,
        user_id: str | None,
        email: str,
        name: str | None,
        token_hash: str,
        token_sealed: str,
        now: datetime,
    ) -> "Link":
        """A new link; the mail is asked for where somebody has the address."""
        link = cls(
            id=link_id,
            company_id=company_id,
            purpose=purpose,
            user_id=user_id,
            email=email,
            name=name,
            token_hash=token_hash,
            token_sealed=token_sealed,
            expires_at=now + timedelta(seconds=LASTS_SECONDS[purpose]),
            created_at=now,
            updated_at=now,
        )
        if user_id is not None:
            link.record(ASKED[purpose](user_id=user_id, link_id=link_id, email=email))
        return link

    def is_open(self, now: datetime) -> bool:
        """Whether it still leads somewhere."""
        return self.user_id is not None and self.used_at is None and now < self.expires_at
