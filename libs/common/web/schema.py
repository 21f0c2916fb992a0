"""Bases of request and response models: strict in, camelCase out, the members every resource has."""

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, ClassVar
from zoneinfo import available_timezones

import email_validator
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_extra_types.country import CountryAlpha2
from pydantic_extra_types.phone_numbers import PhoneNumber

from common.card_numbers import SHORTEST_CARD_NUMBER, names_card
from common.errors import Invalid
from common.events.parts import PostalAddress

# Nothing is delivered while validating; trials and inner networks use .test and .local (RFC 6761, RFC 6762).
email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = ["arpa", "invalid", "onion"]


class E164(PhoneNumber):
    """A phone number in E.164, such as +441632960123."""

    phone_format = "E164"


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("must not contain a NUL character")
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("must not contain half of a surrogate pair")
    return value


# The constraints stand next to the type: behind a validator, a text would be measured before it is stripped.
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), BeforeValidator(_storable)
]
"""A line of text."""

LongText = Annotated[str, StringConstraints(max_length=20_000), BeforeValidator(_storable)]
"""A text of several lines."""

Search = Annotated[str, StringConstraints(max_length=200), BeforeValidator(_storable)]
"""What somebody looks for."""

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ /-]{0,63}$")]
"""A short code chosen by people, such as a SKU or a shop code; case matters."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,4}_[0-9A-Za-z]{1,64}$")]
"""An id of ours, such as ``ord_01j…``."""

Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
"""A number of pieces."""


EARLIEST_YEAR = 1900
LATEST_YEAR = 2999
"""Far enough from the ends of the calendar that every time zone and every sum of days fits."""


def _no_number(value: Any) -> Any:
    if isinstance(value, int | float):
        raise ValueError("must be a time, such as 2026-01-31T12:00:00Z")
    return value


def _in_utc(instant: datetime) -> datetime:
    if not EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
        raise ValueError(f"must lie between {EARLIEST_YEAR} and {LATEST_YEAR}")
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_in_utc)]
"""A moment as sent (RFC 3339 with its offset); UTC from there on."""


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_time_zone(name: str) -> str:
    if name not in _time_zones():
        raise ValueError("must be an IANA time zone, such as Europe/Berlin")
    return name


TimeZone = Annotated[str, AfterValidator(_known_time_zone)]
"""An IANA time zone."""


class In(BaseModel):
    """A request body: unknown fields are refused, camelCase and snake_case are both understood.

    A text that names a payment card is refused wherever it stands: 422 ``card_number_refused``.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_card_numbers(cls, data: Any) -> Any:
        if isinstance(data, dict):
            held = [name for name, value in data.items() if name not in _OTHER_NUMBERS and _names_card(value)]
            if held:
                message = "Card numbers are not taken here; send a payment-method token."
                raise Invalid("card_number_refused", message, [(str(name), "holds a card number") for name in held])
        return data


_OTHER_NUMBERS = frozenset({"barcode", "gtin", "password", "currentPassword", "newPassword"})
"""Whose digits are checked by a rule of their own, or kept as a digest only."""


def _names_card(value: Any) -> bool:
    """Whether a text, or one in a list or a map, names a card; models inside look for themselves."""
    if isinstance(value, str):
        return len(value) >= SHORTEST_CARD_NUMBER and names_card(value)
    if isinstance(value, list):
        return any(isinstance(each, str) and _names_card(each) for each in value)
    return isinstance(value, dict) and any(isinstance(each, str) and _names_card(each) for each in value.values())


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


class PatchIn(In):
    """A merge patch (RFC 7396): absent is unchanged, null clears. ``changes()`` holds what was sent.

    Subclasses list members that never change in ``IMMUTABLE``; sending one is 422 ``immutable_field``.
    Defaults only stand in for what is absent, and are not shown in the schema.
    """

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    IMMUTABLE: ClassVar[tuple[str, ...]] = ("id", "sku", "slug", "currency")

    @model_validator(mode="before")
    @classmethod
    def _refuse_immutable(cls, data: Any) -> Any:
        if isinstance(data, dict):
            fixed = [name for name in cls.IMMUTABLE if name in data and name not in cls.model_fields]
            if fixed:
                raise Invalid("immutable_field", "This never changes.", [(name, "cannot be changed") for name in fixed])
        return data

    def changes(self) -> dict[str, Any]:
        """The members that were sent, by Python name; nested models as they are."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Out(BaseModel):
    """A response body."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class Resource(Out):
    """What every resource carries."""

    id: str
    company_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class AddressIn(In):
    """A postal address as sent."""

    name: Text | None = None
    line1: Text
    line2: Text | None = None
    city: Text
    region: Text | None = None
    postal_code: Text | None = None
    country: CountryAlpha2
    phone: E164 | None = None


class Address(PostalAddress):
    """A postal address as shown: as it is stored and told in events."""

    model_config = ConfigDict(from_attributes=True)
