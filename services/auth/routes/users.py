"""A company's own people."""

from typing import Annotated

from fastapi import APIRouter, Response

from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page, PageRequest
from common.web.etag import IfMatch, tag
from common.web.lists import listing
from services.auth.domain import MembershipStatus, StaffRole
from services.auth.routes.signing_in import Auth
from services.auth.schemas.people import UserIn, UserOut, UserPatch
from services.auth.service.staff import Hire

router = APIRouter(prefix="/api/users", tags=["users"])
Reader = Annotated[Principal, requires("users.read")]
Manager = Annotated[Principal, requires("users.manage")]


@router.post("", status_code=201)
async def invite_user(body: UserIn, who: Manager, auth: Auth, answer: Response) -> UserOut:
    """Hire somebody: a new account with a password, or an invitation."""
    password = body.password.get_secret_value() if body.password else None
    hire = Hire(body.email, body.name, body.role, body.shop_ids, password, body.role_id)
    user = await auth.staff.hire_for(who, hire)
    tag(answer, user.version)
    return UserOut.model_validate(user)


@router.get("")
async def list_users(
    who: Reader,
    auth: Auth,
    page: Annotated[PageRequest, listing("email")],
    role: StaffRole | None = None,
    status: MembershipStatus | None = None,
) -> Page[UserOut]:
    """List who works for the company."""
    criteria = {name: value for name, value in {"role": role, "status": status}.items() if value is not None}
    found = await auth.staff.page(who.tenant, criteria, page)
    return Page(items=[UserOut.model_validate(user) for user in found.items], next_cursor=found.next_cursor)


@router.get("/{user_id}")
async def read_user(user_id: str, who: Reader, auth: Auth, answer: Response) -> UserOut:
    """Read one user."""
    user = await auth.staff.read(who.tenant, user_id)
    tag(answer, user.version)
    return UserOut.model_validate(user)


@router.patch("/{user_id}")
async def change_user(
    user_id: str, body: UserPatch, who: Manager, auth: Auth, answer: Response, if_match: IfMatch = None
) -> UserOut:
    """Change role, shops or status."""
    user = await auth.staff.change_for(who, user_id, body.changes(), if_match)
    tag(answer, user.version)
    return UserOut.model_validate(user)


@router.delete("/{user_id}", status_code=204)
async def disable_user(user_id: str, who: Manager, auth: Auth) -> None:
    """End somebody's work for the company."""
    await auth.staff.end_for(who, user_id)
