"""Facts of the company and shop services."""

from typing import ClassVar

from common.events.base import EventData
from common.events.parts import ChangeData, CompanyLimits, CompanySettings, PostalAddress


class CompanyCreated(EventData):
    """A tenant exists. Everyone who needs its settings keeps a copy from here."""

    TYPE: ClassVar[str] = "company.created"
    PRODUCER: ClassVar[str] = "company"
    company_id: str
    name: str
    slug: str
    status: str
    currency: str
    timezone: str
    country: str | None = None
    settings: CompanySettings
    plan: str = ""
    limits: CompanyLimits = CompanyLimits()


class CompanyUpdated(ChangeData):
    """Name, country, settings, plan or status of a tenant changed; carries the whole new state.

    ``status`` is active, suspended or closed; a suspended or closed company's tokens stop.
    """

    TYPE: ClassVar[str] = "company.updated"
    PRODUCER: ClassVar[str] = "company"
    company_id: str = ""
    name: str = ""
    slug: str = ""
    status: str = ""
    currency: str = ""
    timezone: str = ""
    country: str | None = None
    settings: CompanySettings = CompanySettings()
    plan: str = ""
    limits: CompanyLimits = CompanyLimits()

    def subject_id(self) -> str:
        return self.company_id


class CompanySuspended(EventData):
    """A tenant was suspended or closed; comes beside company.updated."""

    TYPE: ClassVar[str] = "company.suspended"
    PRODUCER: ClassVar[str] = "company"
    company_id: str
    status: str


class CompanyReactivated(EventData):
    """A suspended tenant is active again."""

    TYPE: ClassVar[str] = "company.reactivated"
    PRODUCER: ClassVar[str] = "company"
    company_id: str


class DomainClaimed(EventData):
    """A company wants to be reached at a domain of its own; it has yet to prove that it holds it."""

    TYPE: ClassVar[str] = "domain.claimed"
    PRODUCER: ClassVar[str] = "company"
    domain_id: str
    name: str


class DomainVerified(EventData):
    """A domain leads to its company from now on."""

    TYPE: ClassVar[str] = "domain.verified"
    PRODUCER: ClassVar[str] = "company"
    domain_id: str
    name: str


class DomainRemoved(EventData):
    """A domain no longer leads to its company. ``reason``: deleted, moved (another proved it), proof_lost."""

    TYPE: ClassVar[str] = "domain.removed"
    PRODUCER: ClassVar[str] = "company"
    domain_id: str
    name: str
    reason: str


class IsolationReported(EventData):
    """The platform walked every route as every kind of caller; ``leaks`` is how many answers showed too much."""

    TYPE: ClassVar[str] = "isolation.reported"
    PRODUCER: ClassVar[str] = "company"
    report_id: str
    routes: int
    calls: int
    leaks: int
    suite_version: str


class ShopCreated(EventData):
    """A shop exists; inventory makes its default warehouse."""

    TYPE: ClassVar[str] = "shop.created"
    PRODUCER: ClassVar[str] = "shop"
    shop_id: str
    name: str
    code: str
    timezone: str
    address: PostalAddress | None = None


class ShopUpdated(ChangeData):
    """A shop was edited; carries its new name, time zone and status."""

    TYPE: ClassVar[str] = "shop.updated"
    PRODUCER: ClassVar[str] = "shop"
    shop_id: str = ""
    name: str = ""
    code: str = ""
    timezone: str = ""
    status: str = "active"

    def subject_id(self) -> str:
        return self.shop_id


class ShopStaffAdded(EventData):
    """Somebody works in a shop now."""

    TYPE: ClassVar[str] = "shop.staff_added"
    PRODUCER: ClassVar[str] = "shop"
    shop_id: str
    user_id: str
    email: str
    role: str


class ShopStaffRemoved(EventData):
    """Somebody no longer works in a shop; auth narrows the membership."""

    TYPE: ClassVar[str] = "shop.staff_removed"
    PRODUCER: ClassVar[str] = "shop"
    shop_id: str
    user_id: str


class StorefrontConfigured(ChangeData):
    """How a company's storefront looks was changed."""

    TYPE: ClassVar[str] = "storefront.configured"
    PRODUCER: ClassVar[str] = "shop"
    storefront_id: str = ""

    def subject_id(self) -> str:
        return self.storefront_id
