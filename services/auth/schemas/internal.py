"""What other services ask and tell."""

from datetime import datetime
from typing import Literal

from pydantic import EmailStr

from common.web.schema import Identifier, In, Out, Text
from services.auth.domain import LinkPurpose, MembershipStatus, StaffRole
from services.auth.schemas.people import Secret, ShopIds


class StaffIn(In):
    """What company and shop ask for."""

    email: EmailStr
    name: Text | None = None
    role: StaffRole
    shop_ids: ShopIds = []
    password: Secret | None = None

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


class LinkOut(Out):
    """What goes into a mail."""

    purpose: LinkPurpose
    token: str
    url: str
    email: str
    name: str | None
    company_id: str | None
    expires_at: datetime
