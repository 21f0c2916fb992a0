"""Rules of companies: the tenants of the suite."""

from datetime import datetime
from typing import Any, Literal

from common.aggregate import Aggregate
from common.errors import Invalid, InvalidTransition
from common.events.base import EventPart
from common.events.parts import CompanyLimits, CompanySettings
from common.events.tenancy import CompanyCreated, CompanyReactivated, CompanySuspended, CompanyUpdated

Status = Literal["active", "suspended", "closed"]

MOVES: dict[Status, tuple[Status, ...]] = {
    "active": ("suspended", "closed"),
    "suspended": ("active", "closed"),
    "closed": ("active",),
}

Plan = Literal["starter", "growth", "enterprise"]

PLANS: dict[Plan, CompanyLimits] = {
    "starter": CompanyLimits(shops=1, staff=5, products=1_000, requests_per_minute=600),
    "growth": CompanyLimits(shops=10, staff=50, products=20_000, requests_per_minute=6_000),
    "enterprise": CompanyLimits(),
}
"""What each plan allows, until the platform's administrator says otherwise for one company."""

RESERVED_SLUGS = frozenset(
    {
        "admin",
        "api",
        "app",
        "assets",
        "auth",
        "cdn",
        "console",
        "docs",
        "health",
        "internal",
        "localhost",
        "mail",
        "markethall",
        "platform",
        "pos",
        "static",
        "status",
        "support",
        "ws",
        "www",
    }
)
"""Names that a subdomain of the platform itself may need."""


class Company(Aggregate):
    """A tenant. Its slug is its subdomain; slug and currency never change."""

    name: str
    slug: str
    status: Status = "active"
    currency: str
    timezone: str
    country: str | None = None
    settings: CompanySettings = CompanySettings()
    plan: Plan = "enterprise"
    limits: CompanyLimits = CompanyLimits()

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
        plan: Plan = "enterprise",
        now: datetime,
    ) -> "Company":
        """A new company. Raises Invalid ``slug_reserved``. Announced by :meth:`announce`, once it has an admin."""
        if slug in RESERVED_SLUGS:
            raise Invalid("slug_reserved", "This name is reserved.", [("slug", "is reserved")])
        return cls(
            id=company_id,
            company_id=company_id,
            name=name,
            slug=slug,
            currency=currency,
            timezone=timezone,
            country=country,
            plan=plan,
            limits=PLANS[plan],
            created_at=now,
            updated_at=now,
        )

    def announce(self) -> None:
        """Tell everyone that the company exists."""
        self.record(CompanyCreated(**self._facts()))

    def edit(self, changes: dict[str, Any]) -> None:
        """Apply ``changes`` by field name; ``settings`` and ``limits`` are merged.

        A new plan brings its own limits. Raises InvalidTransition for the status, Invalid for a refund limit
        in another currency.
        """
        before_status = self.status
        wanted = self._wanted(changes)
        if not wanted:
            return
        before = {name: getattr(self, name) for name in wanted}
        for name, value in wanted.items():
            setattr(self, name, value)
        self.record(CompanyUpdated(before=_plain(before), after=_plain(wanted), **self._facts()))
        if self.status == before_status:
            return
        if self.status == "active":
            self.record(CompanyReactivated(company_id=self.id))
        else:
            self.record(CompanySuspended(company_id=self.id, status=self.status))

    def _wanted(self, changes: dict[str, Any]) -> dict[str, Any]:
        wanted = {name: value for name, value in changes.items() if name not in ("settings", "limits")}
        if "settings" in changes:
            wanted["settings"] = self._checked(_merged(self.settings, changes["settings"]))
        if "plan" in changes or "limits" in changes:
            start = PLANS[changes.get("plan", self.plan)] if "plan" in changes else self.limits
            wanted["limits"] = _limited(start, changes.get("limits", {}), PLANS[changes.get("plan", self.plan)])
        wanted = {name: value for name, value in wanted.items() if value != getattr(self, name)}
        if "status" in wanted and wanted["status"] not in MOVES[self.status]:
            raise InvalidTransition(f"A company that is {self.status} cannot become {wanted['status']}.")
        return wanted

    def _checked(self, settings: CompanySettings) -> CompanySettings:
        limit = settings.staff_refund_limit
        if limit is not None and limit.currency != self.currency:
            fields = [("settings.staffRefundLimit", f"must be in {self.currency}")]
            raise Invalid("currency_mismatch", "The limit is in another currency than the company's.", fields)
        return settings

    def _facts(self) -> dict[str, Any]:
        return {
            "company_id": self.id,
            "name": self.name,
            "slug": self.slug,
            "status": self.status,
            "currency": self.currency,
            "timezone": self.timezone,
            "country": self.country,
            "settings": self.settings,
            "plan": self.plan,
            "limits": self.limits,
        }


def _merged(settings: CompanySettings, changes: dict[str, Any] | None) -> CompanySettings:
    """RFC 7396: what is null goes back to its default; null for the whole clears everything."""
    if changes is None:
        return CompanySettings()
    kept = {name: value for name, value in settings.model_dump().items() if name not in changes}
    return CompanySettings(**kept, **{name: value for name, value in changes.items() if value is not None})


def _limited(start: CompanyLimits, changes: dict[str, Any] | None, plan: CompanyLimits) -> CompanyLimits:
    """RFC 7396: a null goes back to what the plan says; null for the whole, too."""
    if changes is None:
        return plan
    return start.model_copy(
        update={name: getattr(plan, name) if value is None else value for name, value in changes.items()}
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.model_dump(mode="json", by_alias=True) if isinstance(value, EventPart) else value
        for name, value in values.items()
    }
