"""Requests and answers of the company service."""

from typing import Annotated

from pydantic import EmailStr, Field, SecretStr, StringConstraints
from pydantic_extra_types.country import CountryAlpha2

from common.money import Currency
from common.web.schema import In, Out, PatchIn, Resource, Text, TimeZone
from services.company.domain import Status

Slug = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class AdminIn(In):
    """The first company admin. Without a password the account is invited."""

    email: EmailStr
    password: SecretStr | None = None
    name: Text


class CompanyIn(In):
    """A new company with its first admin."""

    name: Text
    slug: Slug
    currency: Currency
    timezone: TimeZone
    country: CountryAlpha2 | None = None
    admin: AdminIn


class SettingsPatch(In):
    """Changes to a company's settings; what is absent stays."""

    tax_inclusive: bool = True
    tax_basis_points: Annotated[int, Field(strict=True, ge=0, le=10_000)] = 0
    guest_checkout: bool = True
    payment_deadline_seconds: Annotated[int, Field(strict=True, ge=1, le=30 * 86_400)] = 900
    low_stock_threshold: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] = 5


class CompanyPatch(PatchIn):
    """Changes to a company. Only a super admin changes ``status``."""

    name: Text = ""
    timezone: TimeZone = "UTC"
    country: CountryAlpha2 | None = None
    status: Status = "active"
    settings: SettingsPatch = SettingsPatch()


class SettingsOut(Out):
    """A company's settings; ``tax_basis_points`` 2000 is 20 %."""

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
