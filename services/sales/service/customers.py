"""Use cases of customers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common.clock import Clock
from common.errors import Conflict, VersionConflict
from common.events.parts import PostalAddress
from common.identity.principal import Principal
from common.ids import new_id
from common.pagination import Page, PageRequest
from common.web.etag import again_when_overtaken, check_version
from services.sales.domain.customer import Customer
from services.sales.store import Customers


@dataclass(frozen=True, slots=True)
class WantedCustomers:
    """What a list of customers is narrowed by; ``search`` is the beginning of name, address or phone."""

    search: str | None = None
    email: str | None = None
    tag: str | None = None
    group: str | None = None
    archived: bool = False

    def criteria(self) -> dict[str, Any]:
        """The condition; archived records show only when they are asked for."""
        criteria: dict[str, Any] = {"archivedAt": {"$ne": None} if self.archived else None}
        plain = {"email": self.email.lower() if self.email else None, "tags": self.tag, "groups": self.group}
        criteria.update({name: value for name, value in plain.items() if value})
        if self.search:
            begins = {"$regex": f"^{re.escape(self.search.casefold())}"}
            phone = {"$regex": f"^{re.escape(self.search)}"}
            criteria["$or"] = [{"nameKey": begins}, {"email": begins}, {"phone": phone}]
        return criteria


class CustomerService:
    """Customer records: made by staff, by registering, or by a first order."""

    def __init__(self, customers: Customers, clock: Clock) -> None:
        self._customers = customers
        self._clock = clock

    async def add(
        self,
        who: Principal,
        customer_id: str,
        *,
        email: str | None,
        name: str | None,
        phone: str | None,
        address: PostalAddress | None,
        addresses: Sequence[PostalAddress] = (),
        tags: Sequence[str] = (),
        groups: Sequence[str] = (),
    ) -> Customer:
        """A record made by staff; what is stored when this id was made before. Raises Conflict ``email_taken``."""
        store = self._customers.for_company(who.tenant)
        customer = Customer.welcome(
            customer_id=customer_id,
            company_id=who.tenant,
            now=self._clock.now(),
            email=email,
            name=name,
            phone=phone,
            address=address,
            addresses=addresses,
            tags=tags,
            groups=groups,
        )
        try:
            return await store.add(customer) or await store.get(customer_id)
        except Conflict:
            if (stored := await store.find(customer_id)) is not None:
                return stored
            raise

    async def read(self, who: Principal, customer_id: str) -> Customer:
        """One record. Raises NotFound."""
        return await self._customers.for_company(who.tenant).get(customer_id)

    async def browse(self, who: Principal, wanted: WantedCustomers, page: PageRequest) -> Page[Customer]:
        """Records that match."""
        return await self._customers.for_company(who.tenant).page(wanted.criteria(), page)

    async def archive(self, who: Principal, customer_id: str, if_match: str | None) -> None:
        """Take a record out of use; again: nothing more happens. Raises VersionConflict."""
        store = self._customers.for_company(who.tenant)

        async def change() -> None:
            customer = await store.get(customer_id)
            check_version(if_match, customer.version)
            if customer.archive(now=self._clock.now()):
                await store.save(customer)

        await again_when_overtaken(change, if_match)

    async def edit(self, who: Principal, customer_id: str, changes: dict[str, Any], if_match: str | None) -> Customer:
        """Change a record. Raises VersionConflict, Conflict ``email_taken``."""
        store = self._customers.for_company(who.tenant)

        async def change() -> Customer:
            customer = await store.get(customer_id)
            check_version(if_match, customer.version)
            if not changes:
                return customer
            customer.edit(changes)
            return await store.save_edited(customer)

        return await again_when_overtaken(change, if_match)

    async def buyer(self, company_id: str, customer_id: str) -> Customer:
        """The record that staff named. Raises NotFound, Conflict ``customer_archived``."""
        customer = await self._customers.for_company(company_id).get(customer_id)
        customer.require_open()
        return customer

    async def id_of(self, who: Principal) -> str | None:
        """The caller's own customer id in the company acted in; None where there is no record yet."""
        if who.company_id is not None and who.customer_id is not None:
            return who.customer_id
        if who.tenant_id is None:
            return None
        customer = await self._customers.for_company(who.tenant_id).of_user(who.id)
        return customer.id if customer else None

    async def account_of(self, company_id: str, customer_id: str | None) -> str | None:
        """The user id behind a record; None where nobody has signed up."""
        if customer_id is None:
            return None
        customer = await self._customers.for_company(company_id).find(customer_id)
        return customer.user_id if customer else None

    async def record_of(self, who: Principal) -> Customer:
        """The caller's own record, made at the first order where there is none."""
        store = self._customers.for_company(who.tenant)
        own_id = who.customer_id if who.company_id is not None else None
        known = await store.find(own_id) if own_id else await store.of_user(who.id)
        if known is not None:
            return known
        return await self.welcome(who.tenant, own_id or new_id("cus"), user_id=who.id, email=who.email, name=None)

    async def welcome(
        self, company_id: str, customer_id: str, *, user_id: str, email: str | None, name: str | None
    ) -> Customer:
        """The record of an account, made once. An address that another record holds stays with that record."""
        store = self._customers.for_company(company_id)
        address = email.lower() if email else None
        if address and await store.of_email(address) is not None:
            address = None
        customer = Customer.welcome(
            customer_id=customer_id,
            company_id=company_id,
            now=self._clock.now(),
            user_id=user_id,
            email=address,
            name=name,
        )
        try:
            made = await store.add(customer)
        except Conflict:  # two first orders at once: the other one holds the address, perhaps for this account
            made = None
        known = made or await store.find(customer_id) or await store.of_user(user_id)
        if known is None:
            raise VersionConflict()
        return known
