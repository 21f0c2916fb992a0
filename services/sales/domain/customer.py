"""Customers of a company, with or without an account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from common.aggregate import Aggregate
from common.errors import Conflict
from common.events.orders import CustomerArchived, CustomerCreated, CustomerUpdated
from common.events.parts import PostalAddress


class Customer(Aggregate):
    """Somebody who buys. ``user_id`` names the account, if there is one; ``name_key`` is for searching.

    ``address`` is where parcels usually go, ``addresses`` are the others. An archived record stays for the
    orders that name it, and takes no new ones.
    """

    user_id: str | None
    email: str | None
    name: str | None
    name_key: str | None
    phone: str | None
    address: PostalAddress | None
    addresses: list[PostalAddress] = []
    tags: list[str] = []
    groups: list[str] = []
    archived_at: datetime | None = None

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
        addresses: Sequence[PostalAddress] = (),
        tags: Sequence[str] = (),
        groups: Sequence[str] = (),
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
            addresses=list(addresses),
            tags=list(tags),
            groups=list(groups),
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

    def archive(self, *, now: datetime) -> bool:
        """Take the record out of use. False when it was before."""
        if self.archived_at is not None:
            return False
        self.archived_at = now
        self.record(CustomerArchived(customer_id=self.id, user_id=self.user_id, email=self.email))
        return True

    def require_open(self) -> None:
        """Raises Conflict ``customer_archived`` where no new order may be taken."""
        if self.archived_at is not None:
            raise Conflict("customer_archived", "This customer is archived and takes no new orders.")


def _key(name: str | None) -> str | None:
    return name.casefold() if name else None


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _as_json(value) for name, value in values.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    return value.model_dump(mode="json", by_alias=True) if isinstance(value, PostalAddress) else value
