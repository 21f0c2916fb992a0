"""Rules of companies, the tenants of the suite."""

import re
from datetime import datetime
from typing import Any, Literal

from common.aggregate import Aggregate
from common.errors import Invalid
from common.events.parts import CompanySettings
from common.events.tenancy import CompanyCreated, CompanyReactivated, CompanySuspended, CompanyUpdated

Status = Literal["active", "suspended", "closed"]

SLUG = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")
"""A DNS label (RFC 1123), since it becomes the storefront's subdomain."""

RESERVED_SLUGS = frozenset(
    (
        *("admin", "api", "app", "assets", "auth", "cdn", "console", "docs", "ftp", "gateway", "health", "help"),
        *("internal", "localhost", "login", "mail", "markethall", "metrics", "ns1", "ns2", "platform", "pos"),
        *("root", "shop", "smtp", "static", "status", "storefront", "support", "system", "test", "www", "ws"),
    )
)


class Company(Aggregate):
    """A tenant. Its own id is also its ``company_id``; slug and currency never change."""

    name: str
    slug: str
    status: Status = "active"
    currency: str
    timezone: str
    country: str | None = None
    settings: CompanySettings = CompanySettings()

    @classmethod
    def found(
        cls,
        *,
        company_id: str,
        name: str,
        slug: str,
        currency: str,
        timezone: str,
        country: str | None,
        now: datetime,
    ) -> "Company":
        """A new tenant, announced to everyone who keeps a copy of its settings."""
        company = cls(
            id=company_id,
            company_id=company_id,
            name=name,
            slug=slug,
            currency=currency,
            timezone=timezone,
            country=country,
            created_at=now,
            updated_at=now,
        )
        company.record(CompanyCreated(company_id=company_id, **company._facts()))
        return company

    def edit(self, changes: dict[str, Any]) -> None:
        """Apply ``changes`` by field name; suspension and its end are announced besides."""
        changes = {name: value for name, value in changes.items() if getattr(self, name) != value}
        if not changes:
            return
        before = {name: getattr(self, name) for name in changes}
        for name, value in changes.items():
            setattr(self, name, value)
        self.record(CompanyUpdated(before=_plain(before), after=_plain(changes), company_id=self.id, **self._facts()))
        if "status" in changes:
            self._announce_status(before["status"])

    def _announce_status(self, before: Status) -> None:
        if self.status == "active":
            self.record(CompanyReactivated(company_id=self.id))
        elif before == "active":
            self.record(CompanySuspended(company_id=self.id, status=self.status))

    def _facts(self) -> dict[str, Any]:
        names = ("name", "slug", "status", "currency", "timezone", "country", "settings")
        return {name: getattr(self, name) for name in names}


def check_slug(slug: str) -> str:
    """The slug. Raises Invalid ``invalid_body`` for one that is no DNS label, or is reserved."""
    if not SLUG.match(slug):
        raise Invalid("invalid_body", "The slug cannot be used.", [("slug", "lower-case letters, digits and hyphens")])
    if slug in RESERVED_SLUGS:
        raise Invalid("invalid_body", "The slug cannot be used.", [("slug", "is reserved")])
    return slug


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.model_dump(mode="json", by_alias=True) if isinstance(value, CompanySettings) else value
        for name, value in values.items()
    }
