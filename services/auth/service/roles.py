"""Roles of a company's own making."""

from typing import Any

from pymongo.errors import DuplicateKeyError

from common.clock import Clock
from common.errors import Conflict, Invalid, NotFound
from common.identity.permissions import permissions_of
from common.identity.principal import Principal
from common.ids import new_id
from common.mongo.transactions import Session as Transaction
from common.mongo.transactions import transact
from common.pagination import Page, PageRequest
from common.web.etag import check_version
from services.auth.domain import CustomRole, Membership, check_permissions, require_held
from services.auth.store import Memberships, Roles


class RoleService:
    """Nobody makes, changes or takes away a role with a permission that they lack."""

    def __init__(self, roles: Roles, memberships: Memberships, clock: Clock) -> None:
        self._roles = roles
        self._memberships = memberships
        self._clock = clock

    async def make(self, who: Principal, name: str, description: str | None, permissions: list[str]) -> CustomRole:
        """A new role. Raises Invalid ``unknown_permission``, Forbidden, Conflict ``name_taken``."""
        wanted = _checked(who, permissions)
        role = CustomRole.make(
            role_id=new_id("rol"),
            company_id=who.tenant,
            name=name,
            description=description,
            permissions=wanted,
            now=self._clock.now(),
        )
        return await self._roles.for_company(who.tenant).insert(role)

    async def page(self, company_id: str, page: PageRequest) -> Page[CustomRole]:
        """The roles of a company."""
        return await self._roles.for_company(company_id).page({"deletedAt": None}, page)

    async def read(self, company_id: str, role_id: str, transaction: Transaction | None = None) -> CustomRole:
        """One role. Raises NotFound."""
        found = await self._roles.for_company(company_id).find_one({"_id": role_id, "deletedAt": None}, transaction)
        if found is None:
            raise NotFound("role")
        return found

    async def edit(self, who: Principal, role_id: str, changes: dict[str, Any], if_match: str | None) -> CustomRole:
        """Other name or permissions; with these the tokens of whoever has it stop, and a refresh brings new ones.

        Raises NotFound, Forbidden, Invalid, Conflict ``name_taken``, VersionConflict.
        """
        if "permissions" in changes:
            changes = {**changes, "permissions": _checked(who, changes["permissions"])}

        async def work(transaction: Transaction) -> tuple[CustomRole, list[Membership]]:
            role = await self.read(who.tenant, role_id, transaction)
            check_version(if_match, role.version)
            require_held(role.permissions, who.permissions)
            holders = await self._stop_tokens(role, transaction) if role.edit(changes) else []
            if role.recorded:
                await self._roles.for_company(who.tenant).save(role, session=transaction)
            return role, holders

        try:
            role, holders = await transact(self._roles.ground.client, work)
        except DuplicateKeyError as error:
            raise self._roles.taken(error) from error
        self._roles.offer(role.id, role.sealed)
        for member in holders:
            self._memberships.offer(member.id, member.sealed)
        return role

    async def end(self, who: Principal, role_id: str) -> None:
        """Delete a role. Raises NotFound, Forbidden, Conflict ``role_in_use``."""

        async def work(transaction: Transaction) -> CustomRole:
            role = await self.read(who.tenant, role_id, transaction)
            require_held(role.permissions, who.permissions)
            if await self._memberships.for_company(who.tenant).holders(role_id, transaction):
                raise Conflict("role_in_use", "Somebody has this role; give them another one first.")
            role.end(self._clock.now())
            return await self._roles.for_company(who.tenant).save(role, session=transaction)

        role = await transact(self._roles.ground.client, work)
        self._roles.offer(role.id, role.sealed)

    async def permissions(self, company_id: str, base: str, role_id: str | None) -> frozenset[str]:
        """What a membership may do. Raises Invalid ``unknown_role`` for a role that the company does not have."""
        if role_id is None:
            return permissions_of(base)
        role = await self._roles.for_company(company_id).find(role_id)
        if role is None or role.deleted_at is not None:
            raise unknown_role()
        return frozenset(role.permissions)

    async def give(self, company_id: str, role_id: str | None, transaction: Transaction) -> None:
        """Hold a role that somebody gets in this transaction. Raises Invalid ``unknown_role``."""
        if role_id is not None and not await self._roles.for_company(company_id).hold(role_id, transaction):
            raise unknown_role()

    async def _stop_tokens(self, role: CustomRole, transaction: Transaction) -> list[Membership]:
        memberships = self._memberships.for_company(role.company_id)
        holders = [one for one in await memberships.holders(role.id, transaction) if one.status == "active"]
        for member in holders:
            member.stop_tokens(self._clock.now())
            await memberships.save(member, session=transaction)
        return holders


def unknown_role() -> Invalid:
    """The refusal of a role that the company does not have."""
    return Invalid("unknown_role", "There is no such role.", [("roleId", "is not a role of this company")])


def _checked(who: Principal, permissions: list[str]) -> list[str]:
    wanted = sorted(set(permissions))
    check_permissions(permissions)
    require_held(wanted, who.permissions)
    return wanted
