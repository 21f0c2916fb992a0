"""People: who they are, how they sign in, where they work."""

from typing import Annotated, Literal

from pydantic import ConfigDict, EmailStr, Field, SecretStr

from common.web.schema import Identifier, In, Out, PatchIn, Resource, Text
from services.auth.domain import StaffRole

ShopIds = Annotated[list[Identifier], Field(max_length=1000)]
Secret = Annotated[SecretStr, Field(max_length=1024)]


class RegisterIn(In):
    """A customer who signs up."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ada@home.example", "password": "correct horse battery staple"}]}
    )

    email: EmailStr
    password: Secret
    role: Annotated[str, Field(max_length=40)] = "customer"
    name: Text | None = None


class LoginIn(In):
    """A sign-in. The address is any text: a malformed one is a wrong one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ada@home.example", "password": "correct horse battery staple"}]}
    )

    email: Annotated[str, Field(max_length=320)]
    password: Secret


class RefreshIn(In):
    """A refresh token to be replaced."""

    refresh_token: Annotated[SecretStr, Field(max_length=200, examples=["family.secret"])]


class SwitchIn(In):
    """The company to go on in."""

    company_id: Annotated[Identifier, Field(examples=["cmp_01jd0000000000000000000000"])]


class UserOut(Resource):
    """A user as seen in one company, or on the platform."""

    email: str
    name: str | None
    role: str
    role_id: str | None
    shop_ids: list[str]
    customer_id: str | None
    email_verified: bool
    status: str


class TokensOut(Out):
    """A signed-in user. ``expires_in`` in seconds, for the access token.

    ``device_token``, sent back as ``X-Device-Token``, keeps this device a way in while strangers guess.
    """

    user: UserOut
    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int
    device_token: str | None


class MembershipOut(Out):
    """Where a user works, or is invited to."""

    company_id: str
    role: str
    status: str


class MeOut(Out):
    """The caller as shown to the caller."""

    user: UserOut
    role: str
    company_id: str | None
    shop_ids: list[str]
    permissions: list[str]
    memberships: list[MembershipOut]


class UserIn(In):
    """Somebody to work for the company. A password only for an address that has no account yet.

    ``roleId``: a role of the company's own, whose permissions count; ``role`` still decides the shops.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "sam@acme.example", "name": "Sam", "role": "shop_staff"}]}
    )

    email: EmailStr
    name: Text | None = None
    role: StaffRole
    role_id: Identifier | None = None
    shop_ids: ShopIds = []
    password: Secret | None = None


class UserPatch(PatchIn):
    """Changes to a membership."""

    role: StaffRole = Field(default="shop_staff", examples=["shop_manager"])
    role_id: Identifier | None = None
    shop_ids: ShopIds = []
    status: Literal["active", "disabled"] = "active"
