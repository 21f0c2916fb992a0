"""Accounts: one person in one realm."""

from datetime import datetime
from typing import Literal

from common.aggregate import Aggregate
from common.events.identity import EmailChanged, EmailVerified, PasswordChanged, UserRegistered

PLATFORM = "platform"
"""The realm of staff and of customers without a company; any other realm is a company's id."""


class Account(Aggregate):
    """Somebody who can sign in. The same address in two realms is two accounts."""

    realm: str
    email: str
    name: str | None
    password_hash: str | None
    role: Literal["customer", "staff", "super_admin"]
    customer_id: str | None = None
    email_verified: bool = False

    @classmethod
    def register(
        cls,
        *,
        account_id: str,
        company_id: str | None,
        customer_id: str | None,
        email: str,
        name: str | None,
        password_hash: str,
        now: datetime,
    ) -> "Account":
        """A customer who signs up, at a company's storefront or on the platform."""
        account = cls(
            id=account_id,
            company_id=company_id,
            realm=company_id or PLATFORM,
            email=normal_address(email),
            name=name,
            password_hash=password_hash,
            role="customer",
            customer_id=customer_id,
            created_at=now,
            updated_at=now,
        )
        account.record(UserRegistered(user_id=account_id, email=account.email, name=name, customer_id=customer_id))
        return account

    @classmethod
    def employ(
        cls,
        *,
        account_id: str,
        email: str,
        name: str | None,
        password_hash: str | None,
        now: datetime,
        role: Literal["staff", "super_admin"] = "staff",
    ) -> "Account":
        """An account made by whoever hires; where the person works is told by memberships."""
        return cls(
            id=account_id,
            company_id=None,
            realm=PLATFORM,
            email=normal_address(email),
            name=name,
            password_hash=password_hash,
            role=role,
            created_at=now,
            updated_at=now,
        )

    def set_password(self, password_hash: str, reason: str) -> None:
        """Another password, or the first one. ``reason``: changed, reset or invitation."""
        self.password_hash = password_hash
        self.record(PasswordChanged(user_id=self.id, email=self.email, reason=reason))

    def verify_email(self) -> None:
        """The address was shown to be the owner's. Again: nothing changes."""
        if not self.email_verified:
            self.email_verified = True
            self.record(EmailVerified(user_id=self.id, email=self.email))

    def readdress(self, email: str) -> None:
        """Another address, which was verified."""
        before, self.email, self.email_verified = self.email, email, True
        self.record(EmailChanged(before={"email": before}, after={"email": email}, user_id=self.id, email=email))


def normal_address(email: str) -> str:
    """The form in which addresses are compared: providers tell no letters apart by case."""
    return email.strip().lower()
