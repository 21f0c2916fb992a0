"""A user as shown: an account seen through one of its memberships, or by itself."""

from dataclasses import dataclass
from datetime import datetime

from services.auth.domain.account import Account
from services.auth.domain.membership import Membership


@dataclass(frozen=True, slots=True)
class User:
    """Who somebody is in one company, or on the platform where ``company_id`` is None."""

    id: str
    email: str
    name: str | None
    role: str
    role_id: str | None
    company_id: str | None
    shop_ids: list[str]
    customer_id: str | None
    email_verified: bool
    status: str
    version: int
    created_at: datetime
    updated_at: datetime


def user_of(account: Account, member: Membership | None) -> User:
    """The user behind ``account``; ``member`` says where and as what, if anywhere."""
    source = member or account
    return User(
        id=account.id,
        email=account.email,
        name=account.name,
        role=member.role if member else role_without_company(account),
        role_id=member.role_id if member else None,
        company_id=source.company_id,
        shop_ids=member.shop_ids if member else [],
        customer_id=account.customer_id,
        email_verified=account.email_verified,
        status=member.status if member else "active",
        version=source.version,
        created_at=source.created_at,
        updated_at=source.updated_at,
    )


def role_without_company(account: Account) -> str:
    """The role outside of any membership: somebody invited is a customer until accepting."""
    return "super_admin" if account.role == "super_admin" else "customer"
