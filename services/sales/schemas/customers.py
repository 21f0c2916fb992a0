"""Customers in and out."""

from typing import Annotated

from pydantic import AfterValidator, EmailStr

from common.events.parts import PostalAddress
from common.web.schema import E164, AddressIn, In, PatchIn, Resource, Text

Email = Annotated[EmailStr, AfterValidator(str.lower)]
"""An address, in lower case: two that differ by case are one customer's."""


class CustomerIn(In):
    """A new customer record."""

    email: Email | None = None
    name: Text | None = None
    phone: E164 | None = None
    address: AddressIn | None = None


class CustomerPatch(PatchIn):
    """Changes to a customer record."""

    IMMUTABLE = (*PatchIn.IMMUTABLE, "userId")

    email: Email | None = None
    name: Text | None = None
    phone: E164 | None = None
    address: AddressIn | None = None


class CustomerOut(Resource):
    """A customer."""

    user_id: str | None
    email: str | None
    name: str | None
    phone: str | None
    address: PostalAddress | None
