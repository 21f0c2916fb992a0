"""Requests and answers about shops and their staff."""

from typing import Literal

from pydantic import EmailStr, SecretStr

from common.web.schema import Address, AddressIn, Code, In, Out, PatchIn, Resource, Text, TimeZone
from services.shop.domain.shop import StaffRole, StaffStatus


class ShopIn(In):
    """A new shop. Without ``timezone`` the company's is taken."""

    name: Text
    code: Code
    address: AddressIn | None = None
    timezone: TimeZone | None = None


class ShopPatch(PatchIn):
    """Changes to a shop; its code is fixed."""

    IMMUTABLE = (*PatchIn.IMMUTABLE, "code")

    name: Text = ""
    address: AddressIn | None = None
    timezone: TimeZone = "UTC"
    status: Literal["active", "closed"] = "active"


class ShopOut(Resource):
    """A shop."""

    name: str
    code: str
    address: Address | None
    timezone: str
    status: str
    warehouse_id: str | None


class StaffIn(In):
    """Somebody to work in a shop. A password only for an address that has no account yet."""

    email: EmailStr
    password: SecretStr | None = None
    name: Text
    role: StaffRole


class StaffOut(Out):
    """Somebody who works in a shop."""

    user_id: str
    email: str
    name: str | None
    role: StaffRole
    status: StaffStatus


class ShopFacts(Out):
    """What other services may ask of a shop."""

    id: str
    name: str
    code: str
    timezone: str
    status: str
    sequence: int
