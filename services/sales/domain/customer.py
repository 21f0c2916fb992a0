"""Customers of a company, with or without an account."""

from datetime import datetime
from typing import Any

from common.aggregate import Aggregate
from common.events.orders import CustomerCreated, CustomerUpdated
from common.events.parts import PostalAddress


class Customer(Aggregate):
    """Somebody who buys. ``user_id`` names the account, if there is one; ``name_key`` is for searching."""

    user_id: str | None
    email: str | None
    name: str | None
    name_key: str | None
    phone: str | None
    address: PostalAddress | None

    @classmethod
    def welcome(
        cls,
        *,
        customer_id: str,
        company_id: str,
        now: datetime,
        user_id: str | None = None,
        email: str | None = None,
        name: str | None = None,
        phone: str | None = None,
        address: PostalAddress | None = None,
    ) -> "Customer":
        """A new customer."""
        customer = cls(
            id=customer_id,
            company_id=company_id,
            user_id=user_id,
            email=email,
            name=name,
            name_key=_key(name),
            phone=phone,
            address=address,
            created_at=now,
            updated_at=now,
        )
        customer.record(
            CustomerCreated(
                customer_id=customer_id, user_id=user_id, email=email, name=name, phone=phone, address=address
            )
        )
        return customer

    def edit(self, changes: dict[str, Any]) -> None:
        """Apply ``changes`` by field name and record what was there before."""
        before = {name: getattr(self, name) for name in changes}
        for name, value in changes.items():
            setattr(self, name, value)
        self.name_key = _key(self.name)
        self.record(
            CustomerUpdated(
                before=_plain(before),
                after=_plain(changes),
                customer_id=self.id,
                email=self.email,
                name=self.name,
                phone=self.phone,
            )
        )


def _key(name: str | None) -> str | None:
    return name.casefold() if name else None


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.model_dump(mode="json", by_alias=True) if isinstance(value, PostalAddress) else value
        for name, value in values.items()
    }
