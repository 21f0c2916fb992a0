"""Customers in and out."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, EmailStr, Field, StringConstraints

from common.events.parts import PostalAddress
from common.web.schema import E164, AddressIn, In, Out, PatchIn, Resource, Text

Email = Annotated[EmailStr, AfterValidator(str.lower)]
"""An address, in lower case: two that differ by case are one customer's."""


Label = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f]{1,50}$")]
"""A tag, or the name of a group."""

Labels = Annotated[list[Label], Field(max_length=50), AfterValidator(lambda labels: list(dict.fromkeys(labels)))]
Addresses = Annotated[list[AddressIn], Field(max_length=20)]


class CustomerIn(In):
    """A new customer record. ``address`` is the usual one, ``addresses`` the others."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ann@example.com", "name": "Ann Lee", "tags": ["trade"]}]}
    )

    email: Email | None = None
    name: Text | None = None
    phone: E164 | None = None
    address: AddressIn | None = None
    addresses: Addresses = []
    tags: Labels = []
    groups: Labels = []


def _patch_example(schema: dict[str, Any]) -> None:
    for field in schema.get("properties", {}).values():
        field.pop("default", None)
    schema["examples"] = [{"name": "Ann May", "tags": ["trade", "wholesale"]}]


class CustomerPatch(PatchIn):
    """Changes to a customer record."""

    model_config = ConfigDict(json_schema_extra=_patch_example)

    IMMUTABLE = (*PatchIn.IMMUTABLE, "userId", "archivedAt")

    email: Email | None = None
    name: Text | None = None
    phone: E164 | None = None
    address: AddressIn | None = None
    addresses: Addresses | None = None
    tags: Labels | None = None
    groups: Labels | None = None


class CustomerOut(Resource):
    """A customer. ``archivedAt``: since when no new order is taken."""

    user_id: str | None
    email: str | None
    name: str | None
    phone: str | None
    address: PostalAddress | None
    addresses: list[PostalAddress]
    tags: list[str]
    groups: list[str]
    archived_at: datetime | None


class CustomerFacts(Out):
    """What other services may ask of a customer."""

    id: str
    user_id: str | None
    email: str | None
    name: str | None
    phone: str | None
    sequence: int
