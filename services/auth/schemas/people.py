"""People: who they are, how they sign in, where they work."""

from typing import Annotated, Any, Literal

from pydantic import EmailStr, Field, SecretStr

from common.web.schema import Identifier, In, Out, PatchIn, Resource, Text
from services.auth.domain import MembershipStatus, StaffRole

ShopIds = Annotated[list[Identifier], Field(max_length=1000)]
Secret = Annotated[SecretStr, Field(max_length=1024)]


class RegisterIn(In):
    """A customer who signs up."""

    email: EmailStr
    password: Secret
    role: Annotated[str, Field(max_length=40)] = "customer"
    name: Text | None = None


class LoginIn(In):
    """A sign-in. The address is any text: a malformed one is a wrong one."""

    email: Annotated[str, Field(max_length=320)]
    password: Secret


class RefreshIn(In):
    """A refresh token to be replaced."""

    refresh_token: Annotated[SecretStr, Field(max_length=200)]


class SwitchIn(In):
    """The company to go on in."""

    company_id: Identifier


class UserOut(Resource):
    """A user as seen in one company, or on the platform."""

    email: str
    name: str | None
    role: str
    shop_ids: list[str]
    customer_id: str | None
    email_verified: bool
    status: str


class TokensOut(Out):
    """A signed-in user. ``expires_in`` in seconds, for the access token."""

    user: UserOut
    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int


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
    """Somebody to work for the company. A password only for an address that has no account yet."""

    email: EmailStr
    name: Text | None = None
    role: StaffRole
    shop_ids: ShopIds = []
    password: Secret | None = None


class UserPatch(PatchIn):
    """Changes to a membership."""

    role: StaffRole = "shop_staff"
    shop_ids: ShopIds = []
    status: Literal["active", "disabled"] = "active"


class StaffIn(UserIn):
    """What company and shop ask for."""

    company_id: Identifier


class StaffPatch(In):
    """What shop may change of a membership; ``add`` and ``remove`` keep the other shops."""

    role: StaffRole | None = None
    shop_ids: ShopIds | None = None
    add_shop_ids: ShopIds = []
    remove_shop_ids: ShopIds = []
    status: Literal["active", "disabled"] | None = None


class StaffOut(Out):
    """A membership as other services see it."""

    user_id: str
    email: str
    name: str | None
    role: StaffRole
    shop_ids: list[str]
    status: MembershipStatus


class StaffListOut(Out):
    """The memberships of a company, oldest first."""

    items: list[StaffOut]


class RevokedSession(Out):
    """A session whose access tokens are refused."""

    user_id: str
    session_id: str | None
    revoked_before: int


class RevocationsOut(Out):
    """What was revoked and may not have expired yet."""

    sessions: list[RevokedSession]
    companies: list[str]


class JwksOut(Out):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]
