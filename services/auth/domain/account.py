"""Accounts: one person in one realm."""

from datetime import datetime
from typing import Literal

from common.aggregate import Aggregate
from common.events.identity import UserRegistered

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


def normal_address(email: str) -> str:
    """The form in which addresses are compared: providers tell no letters apart by case."""
    return email.strip().lower()
