"""Requests and answers of the company service."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, EmailStr, Field, SecretStr, StringConstraints
from pydantic_extra_types.country import CountryAlpha2

from common.money import Currency
from common.web.schema import In, Out, PatchIn, Resource, Text, TimeZone
from services.company.domain import Status


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
"""A DNS label: the company's subdomain."""

Country = Annotated[CountryAlpha2, BeforeValidator(_upper), AfterValidator(str)]


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
    admin: AdminIn


class SettingsPatch(PatchIn):
    """Changes to the settings; null goes back to the default."""

    tax_inclusive: bool | None = None
    tax_basis_points: Annotated[int, Field(strict=True, ge=0, le=10_000)] | None = None
    guest_checkout: bool | None = None
    payment_deadline_seconds: Annotated[int, Field(strict=True, ge=1, le=604_800)] | None = None
    low_stock_threshold: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] | None = None


class CompanyPatch(PatchIn):
    """Changes to a company; ``status`` is for the platform's administrator."""

    name: Text = ""
    timezone: TimeZone = "UTC"
    country: Country | None = None
    status: Status = "active"
    settings: SettingsPatch | None = None


class SettingsOut(Out):
    """The settings that others act by. ``tax_basis_points``: 2000 is 20 %."""

    tax_inclusive: bool
    tax_basis_points: int
    guest_checkout: bool
    payment_deadline_seconds: int
    low_stock_threshold: int


class CompanyOut(Resource):
    """A company."""

    name: str
    slug: str
    status: Status
    currency: str
    timezone: str
    country: str | None
    settings: SettingsOut


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
    sequence: int
