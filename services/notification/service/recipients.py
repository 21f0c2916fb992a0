"""Who is who: local copies of staff, customers and companies, and the devices of each."""

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from common.clients import CallRefused, ServiceClients
from common.copies import LocalCopies
from common.errors import NotFound
from common.events import Envelope
from common.events.identity import UserCreated, UserDisabled, UserUpdated
from common.events.orders import CustomerCreated, CustomerUpdated
from common.events.tenancy import CompanyCreated, CompanyUpdated
from services.notification.domain import Channel, Contacts, Recipient
from services.notification.domain.policy import reach_of
from services.notification.store import Devices

ADMINS_LIMIT = 50
PLATFORM_NAME = "Markethall"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody who is to be told something, and the channels that reach them."""

    recipient: Recipient
    contacts: Contacts
    reach: set[Channel] = field(default_factory=set)


class Recipients:
    """What events have told of people and companies; what they have not yet is asked at its owner."""

    def __init__(
        self,
        staff: LocalCopies,
        customers: LocalCopies,
        companies: LocalCopies,
        devices: Devices,
        clients: ServiceClients,
    ) -> None:
        self.staff = staff
        self._customers = customers
        self._companies = companies
        self._devices = devices
        self._clients = clients

    async def follow_staff(self, event: Envelope[UserCreated] | Envelope[UserUpdated]) -> None:
        """Keep who works for a company, with address and role."""
        data = event.data
        if event.company_id is not None:
            fields = {"userId": data.user_id, "email": data.email, "role": data.role, "status": data.status}
            await self.staff.take(event.company_id, f"{event.company_id}:{data.user_id}", event.sequence, fields)

    async def forget_staff(self, event: Envelope[UserDisabled]) -> None:
        """A membership ended: no more alerts."""
        if event.company_id is not None:
            copy_id = f"{event.company_id}:{event.data.user_id}"
            await self.staff.take(event.company_id, copy_id, event.sequence, {"status": "disabled"})

    async def follow_customer(self, event: Envelope[CustomerCreated] | Envelope[CustomerUpdated]) -> None:
        """Keep how a customer is reached, and which account is theirs."""
        data = event.data
        if event.company_id is None:
            return
        fields: dict[str, Any] = {"email": data.email, "phone": data.phone, "name": data.name}
        if isinstance(data, CustomerCreated):
            fields["userId"] = data.user_id
        await self._customers.take(event.company_id, data.customer_id, event.sequence, fields)

    async def follow_company(self, event: Envelope[CompanyCreated] | Envelope[CompanyUpdated]) -> None:
        """Keep a company's name and time zone."""
        company_id = event.data.company_id
        await self._companies.take(
            company_id, company_id, event.sequence, _company(event.data.name, event.data.timezone)
        )

    async def company_name(self, company_id: str | None) -> str:
        """How a company signs; the platform's own name where there is none."""
        company = await self._company(company_id)
        return str(company["name"]) if company else PLATFORM_NAME

    async def zone(self, company_id: str | None) -> ZoneInfo:
        """In which time zone a company's days begin."""
        company = await self._company(company_id)
        return ZoneInfo(str(company.get("timezone") or "UTC") if company else "UTC")

    async def _company(self, company_id: str | None) -> dict[str, Any] | None:
        async def ask() -> dict[str, Any] | None:
            told = await self._clients.get("company", f"/internal/companies/{company_id}", tenant=company_id)
            return {**_company(told["name"], told["timezone"]), "sequence": told["sequence"]}

        if company_id is None:
            return None
        try:
            return await self._companies.find(company_id, company_id, ask)
        except NotFound:
            return None

    async def customer(
        self, company_id: str, customer_id: str | None, email: str | None, *, order_id: str | None = None
    ) -> Addressee:
        """A buyer: where the event says, else as the customer's record says."""
        known: dict[str, Any] = {}
        if customer_id is not None:
            known = await self._customers.find(company_id, customer_id) or {}
            if "userId" not in known and order_id is not None:
                known = {**known, "userId": (await self.order(company_id, order_id) or {}).get("customerUserId")}
        contacts = Contacts(email=email or known.get("email"), phone=known.get("phone"))
        recipient = Recipient(user_id=known.get("userId"), customer_id=customer_id, address=contacts.email)
        return await self.reached(company_id, recipient, contacts)

    async def reached(self, company_id: str | None, recipient: Recipient, contacts: Contacts) -> Addressee:
        """Somebody with the channels that reach them."""
        devices = await self._devices.of(recipient.user_id, recipient.customer_id, company_id)
        return Addressee(recipient, contacts, reach_of(recipient, contacts, has_device=bool(devices)))

    async def order(self, company_id: str, order_id: str) -> dict[str, Any] | None:
        """What sales tells of an order; None when it has none. Raises Unavailable while sales is away."""
        try:
            told: dict[str, Any] = await self._clients.get("sales", f"/internal/orders/{order_id}", tenant=company_id)
        except (NotFound, CallRefused):
            return None
        return told

    async def receipt(self, company_id: str, sale_id: str) -> dict[str, Any] | None:
        """The receipt of a till sale as text; None when sales has none. Raises Unavailable while sales is away."""
        try:
            path = f"/internal/sales/{sale_id}/receipt"
            told: dict[str, Any] = await self._clients.get("sales", path, tenant=company_id)
        except (NotFound, CallRefused):
            return None
        return told

    async def link(self, link_id: str, company_id: str | None) -> dict[str, Any] | None:
        """What auth tells of a link, its secret included; None once it is used or expired. Raises Unavailable."""
        try:
            told: dict[str, Any] = await self._clients.get("auth", f"/internal/links/{link_id}", tenant=company_id)
        except (NotFound, CallRefused):
            return None
        return told

    async def admins(self, company_id: str) -> list[Addressee]:
        """Who is alerted: every active company admin."""
        criteria = {"companyId": company_id, "role": "company_admin", "status": "active"}
        found = []
        async for admin in self.staff.collection.find(criteria).limit(ADMINS_LIMIT):
            contacts = Contacts(email=admin["email"], phone=admin.get("phone"))
            recipient = Recipient(user_id=admin["userId"], address=admin["email"])
            found.append(await self.reached(company_id, recipient, contacts))
        return found


def _company(name: str, timezone: str) -> dict[str, Any]:
    return {"name": name, "timezone": timezone}
