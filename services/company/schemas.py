"""Requests and answers of the company service."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, EmailStr, Field, SecretStr, StringConstraints
from pydantic_extra_types.country import CountryAlpha2

from common.money import Currency, Money
from common.web.schema import In, Instant, Out, PatchIn, Resource, Text, TimeZone
from services.company.domain import Company, Domain, DomainStatus, IsolationReport, Plan, Status, proof, proof_name


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
"""A DNS label: the company's subdomain."""

Country = Annotated[CountryAlpha2, BeforeValidator(_upper), AfterValidator(str)]


Origin = Annotated[
    str,
    StringConstraints(
        max_length=255, pattern=r"^https?://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9-]+(?::[0-9]{1,5})?$"
    ),
]
"""A page's origin as browsers send it: scheme and host, a port where it is not the usual one, no path."""

Count = Annotated[int, Field(strict=True, ge=0, le=100_000_000)]


def _positive(limit: Money) -> Money:
    if limit.amount < 0:
        raise ValueError("must not be negative")
    return limit


class AdminIn(In):
    """The first admin. A password only for an address that has no account yet."""

    email: EmailStr
    password: Annotated[SecretStr, Field(max_length=1024)] | None = None
    name: Text


class CompanyIn(In):
    """A new company with its first admin."""

    name: Text
    slug: Slug
    currency: Annotated[Currency, BeforeValidator(_upper)]
    timezone: TimeZone
    country: Country | None = None
    plan: Plan = "enterprise"
    admin: AdminIn


class SettingsPatch(PatchIn):
    """Changes to the settings; null goes back to the default."""

    tax_inclusive: bool | None = None
    tax_basis_points: Annotated[int, Field(strict=True, ge=0, le=10_000)] | None = None
    guest_checkout: bool | None = None
    payment_deadline_seconds: Annotated[int, Field(strict=True, ge=1, le=604_800)] | None = None
    low_stock_threshold: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] | None = None
    allowed_origins: Annotated[list[Origin], Field(max_length=50)] | None = None
    staff_refund_limit: Annotated[Money, AfterValidator(_positive)] | None = None


class LimitsPatch(PatchIn):
    """Changes to what one company may have; null goes back to its plan's."""

    shops: Count | None = None
    staff: Count | None = None
    products: Count | None = None
    requests_per_minute: Annotated[int, Field(strict=True, ge=1, le=100_000_000)] | None = None


class CompanyPatch(PatchIn):
    """Changes to a company; ``status``, ``plan`` and ``limits`` are for the platform's administrator."""

    name: Text = ""
    timezone: TimeZone = "UTC"
    country: Country | None = None
    status: Status = "active"
    settings: SettingsPatch | None = None
    plan: Plan = "enterprise"
    limits: LimitsPatch | None = None


class SettingsOut(Out):
    """The settings that others act by. ``tax_basis_points``: 2000 is 20 %."""

    tax_inclusive: bool
    tax_basis_points: int
    guest_checkout: bool
    payment_deadline_seconds: int
    low_stock_threshold: int
    allowed_origins: list[str]
    staff_refund_limit: Money | None


class LimitsOut(Out):
    """What a company may have; null is without limit."""

    shops: int | None
    staff: int | None
    products: int | None
    requests_per_minute: int | None


class CompanyOut(Resource):
    """A company."""

    name: str
    slug: str
    status: Status
    currency: str
    timezone: str
    country: str | None
    settings: SettingsOut
    plan: Plan
    limits: LimitsOut


class CompanyFacts(Out):
    """What other services may ask of a company."""

    id: str
    name: str
    slug: str
    status: Status
    currency: str
    timezone: str
    country: str | None
    settings: SettingsOut
    limits: LimitsOut
    domains: list[str]
    sequence: int

    @classmethod
    def of(cls, company: Company, domains: Sequence[str]) -> Self:
        """What is told of a company that is reached at ``domains``, too."""
        return cls.model_validate({**company.model_dump(), "domains": domains})


class DomainIn(In):
    """A domain that the company wants to be reached at."""

    name: Annotated[Text, Field(examples=["shop.example.com"])]


class ProofRecord(Out):
    """The DNS record that proves whose the domain is."""

    type: Literal["TXT"] = "TXT"
    name: str = Field(examples=["_markethall.shop.example.com"])
    value: str = Field(examples=["markethall-verification=0kTqv1mJ8o5cVw3yUu2bYd7sPz4hLxRn"])


class DomainOut(Resource):
    """A domain of a company's own. While it is ``pending``, nothing that is sent there reaches the company."""

    name: str = Field(examples=["shop.example.com"])
    status: DomainStatus
    token: str
    record: ProofRecord
    verified_at: datetime | None
    checked_at: datetime | None

    @classmethod
    def of(cls, domain: Domain) -> Self:
        """As clients see it."""
        record = ProofRecord(name=proof_name(domain.name), value=proof(domain.token))
        return cls.model_validate({**domain.model_dump(), "record": record})


Total = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
RouteName = Annotated[
    str,
    StringConstraints(
        pattern=r"^(?:GET|POST|PUT|PATCH|DELETE) (?:/(?:\{[a-z_]{1,40}(?::path)?\}|[a-z0-9_.-]{1,24}))+$",
        max_length=200,
    ),
]
"""A route as it is declared: no part of it is long enough for somebody's id."""

CallerName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
_WALK: dict[str, Any] = {
    "walkedAt": "2026-11-21T12:00:00Z",
    "suiteVersion": "0.1.0",
    "routes": 190,
    "otherAddresses": 55,
    "calls": 5577,
    "callsByCaller": {"company_admin": 612, "anonymous": 548},
    "leaks": [],
}


class LeakIn(In):
    """A route that showed too much, and to which kind of caller."""

    route: RouteName
    caller: CallerName


class IsolationReportIn(In):
    """What a walk over every route found; it has no room for the name or id of any company."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WALK]})

    walked_at: Instant
    suite_version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.+-]{1,40}$")]
    routes: Total
    other_addresses: Total
    calls: Total
    calls_by_caller: Annotated[dict[CallerName, Total], Field(max_length=40)]
    leaks: Annotated[list[LeakIn], Field(max_length=1000)]


class LeakOut(Out):
    """A route that showed too much, and to which kind of caller."""

    route: str
    caller: str


class IsolationReportOut(Out):
    """What the latest walk over every route found. ``calls``: requests made with one's own and others' ids."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": "iso_01jd0000000000000000000000", **_WALK, "isClean": True}]}
    )

    id: str
    walked_at: datetime
    suite_version: str
    routes: int
    other_addresses: int
    calls: int
    calls_by_caller: dict[str, int]
    leaks: list[LeakOut]
    is_clean: bool

    @classmethod
    def of(cls, report: IsolationReport) -> Self:
        """As every company sees it."""
        return cls.model_validate({**report.model_dump(), "is_clean": not report.leaks})


class OriginOut(Out):
    """Whether pages of an origin may call at all."""

    is_allowed: bool
