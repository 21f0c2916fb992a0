"""A company's own roles."""

from typing import Annotated

from fastapi import APIRouter, Response

from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page, PageRequest
from common.web.etag import IfMatch, tag
from common.web.lists import listing
from services.auth.routes.signing_in import Auth
from services.auth.schemas.roles import RoleIn, RoleOut, RolePatch

router = APIRouter(prefix="/api/roles", tags=["users"])
Manager = Annotated[Principal, requires("users.manage")]


@router.post("", status_code=201)
async def make_role(body: RoleIn, who: Manager, auth: Auth, answer: Response) -> RoleOut:
    """Make a role of permissions that the caller has."""
    role = await auth.roles.make(who, body.name, body.description, body.permissions)
    tag(answer, role.version)
    return RoleOut.model_validate(role)


@router.get("")
async def list_roles(who: Manager, auth: Auth, page: Annotated[PageRequest, listing("name")]) -> Page[RoleOut]:
    """List the company's own roles."""
    found = await auth.roles.page(who.tenant, page)
    return Page(items=[RoleOut.model_validate(role) for role in found.items], next_cursor=found.next_cursor)


@router.get("/{role_id}")
async def read_role(role_id: str, who: Manager, auth: Auth, answer: Response) -> RoleOut:
    """Read one role."""
    role = await auth.roles.read(who.tenant, role_id)
    tag(answer, role.version)
    return RoleOut.model_validate(role)


@router.patch("/{role_id}")
async def change_role(
    role_id: str, body: RolePatch, who: Manager, auth: Auth, answer: Response, if_match: IfMatch = None
) -> RoleOut:
    """Change a role; whoever has it gets new tokens."""
    role = await auth.roles.edit(who, role_id, body.changes(), if_match)
    tag(answer, role.version)
    return RoleOut.model_validate(role)


@router.delete("/{role_id}", status_code=204)
async def delete_role(role_id: str, who: Manager, auth: Auth) -> None:
    """Delete a role that nobody has."""
    await auth.roles.end(who, role_id)
