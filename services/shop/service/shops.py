"""Use cases of shops and of who works in them."""

from collections.abc import Sequence
from typing import Any

from common.clients import CallRefused, ServiceClients
from common.clock import Clock
from common.errors import ComeBackLater, Conflict, Forbidden, Invalid
from common.events.identity import UserUpdated
from common.events.parts import PostalAddress
from common.identity.principal import Principal
from common.ids import new_id
from common.pagination import Page, PageRequest
from common.web.etag import again_when_overtaken, check_version
from common.web.schema import AddressIn
from services.shop.clients import Companies
from services.shop.domain.shop import Shop, StaffMember, StaffRole
from services.shop.store import Shops

STAFF_SHOPS_LIMIT = 1000


class ShopService:
    """Opening and changing shops, and who works in them."""

    def __init__(self, shops: Shops, companies: Companies, clients: ServiceClients, clock: Clock) -> None:
        self._shops = shops
        self._companies = companies
        self._clients = clients
        self._clock = clock

    async def open(
        self, who: Principal, *, name: str, code: str, address: AddressIn | None, timezone: str | None
    ) -> Shop:
        """Open a shop. Raises Conflict ``code_taken`` or ``plan_limit_reached``."""
        company = await self._companies.find(who.tenant)
        await self._check_limit(who.tenant, company.limits.shops if company else None)
        if timezone is None:
            timezone = (company or await self._companies.get(who.tenant)).timezone
        shop = Shop.open(
            shop_id=new_id("shp"),
            company_id=who.tenant,
            name=name,
            code=code,
            address=_address(address),
            timezone=timezone,
            now=self._clock.now(),
        )
        return await self._shops.for_company(who.tenant).insert(shop)

    async def _check_limit(self, company_id: str, limit: int | None) -> None:
        if limit is None:
            return
        if await self._shops.for_company(company_id).count({"status": "active"}, limit) >= limit:
            raise Conflict("plan_limit_reached", f"The company's plan allows {limit} shops.")

    async def list(self, who: Principal, page: PageRequest) -> Page[Shop]:
        """Shops of the company; for those limited to shops, theirs."""
        criteria = {"_id": {"$in": list(who.shop_ids)}} if who.is_limited_to_shops else {}
        return await self._shops.for_company(who.tenant).page(criteria, page)

    async def read(self, who: Principal, shop_id: str) -> Shop:
        """One shop. Raises NotFound, also for one that the caller does not work in."""
        who.require_shop(shop_id)
        return await self._shops.for_company(who.tenant).get(shop_id)

    async def staff(
        self, who: Principal, shop_id: str, limit: int, cursor: str | None
    ) -> tuple[Sequence[StaffMember], str | None]:
        """A page of those who work in a shop, and the cursor of the next. Raises Invalid ``invalid_cursor``."""
        members = (await self.read(who, shop_id)).staff
        begin = 0
        if cursor is not None:
            places = [place for place, member in enumerate(members) if member.user_id == cursor]
            if not places:
                raise Invalid("invalid_cursor", "This cursor leads nowhere.", [("cursor", "is not one of this list")])
            begin = places[0] + 1
        page = members[begin : begin + limit]
        return page, page[-1].user_id if begin + limit < len(members) else None

    async def tell(self, who: Principal, shop_id: str) -> Shop:
        """One shop for another service."""
        return await self._shops.for_company(who.tenant).get(shop_id)

    async def edit(self, who: Principal, shop_id: str, changes: dict[str, Any], if_match: str | None) -> Shop:
        """Change a shop. Raises VersionConflict when ``if_match`` names an old version."""
        if "address" in changes:
            changes = {**changes, "address": _address(changes["address"])}

        async def change() -> Shop:
            shop = await self.read(who, shop_id)
            check_version(if_match, shop.version)
            if not changes:
                return shop
            shop.edit(changes)
            return await self._shops.for_company(who.tenant).save(shop)

        return await again_when_overtaken(change, if_match)

    async def add_staff(
        self, who: Principal, shop_id: str, email: str, password: str | None, name: str, role: StaffRole
    ) -> StaffMember:
        """Add somebody; the account is made or invited by auth. Raises Conflict ``account_exists`` and others."""
        if role == "shop_manager" and not who.may("shop_managers.manage"):
            raise Forbidden("permission_denied", "Only a company admin appoints shop managers.")
        await self.read(who, shop_id)
        account = {"companyId": who.tenant, "email": email, "name": name, "role": role, "shopIds": [shop_id]}
        if password is not None:
            account["password"] = password
        told = await self._ask_auth(account, who.tenant)
        member = StaffMember(
            user_id=told["userId"], email=told["email"], name=told["name"], role=role, status=told["status"]
        )

        async def change() -> Shop:
            shop = await self.read(who, shop_id)
            shop.add_staff(member)
            return await self._shops.for_company(who.tenant).save(shop)

        await again_when_overtaken(change)
        return member

    async def _ask_auth(self, account: dict[str, Any], tenant: str) -> dict[str, Any]:
        try:
            told: dict[str, Any] = await self._clients.post("auth", "/internal/staff", account, tenant=tenant)
        except CallRefused as error:
            raise Conflict(error.code, str(error.problem.get("detail", ""))) from error
        return told

    async def remove_staff(self, who: Principal, shop_id: str, user_id: str) -> None:
        """Remove somebody; auth narrows the account by the event. Raises NotFound."""

        async def change() -> Shop:
            shop = await self.read(who, shop_id)
            member = shop.remove_staff(user_id)
            if member.role == "shop_manager" and not who.may("shop_managers.manage"):
                raise Forbidden("permission_denied", "Only a company admin removes shop managers.")
            return await self._shops.for_company(who.tenant).save(shop)

        await again_when_overtaken(change)

    async def note_warehouse(self, company_id: str, shop_id: str, warehouse_id: str, event_id: str) -> None:
        """Remember the default warehouse. Raises ComeBackLater for a shop that is not here yet."""
        shop = await self._shops.for_company(company_id).find(shop_id)
        if shop is None:
            raise ComeBackLater(f"shop {shop_id} is not known yet")
        if shop.warehouse_id is None:
            shop.warehouse_id = warehouse_id
            await self._shops.for_company(company_id).save(shop, handled=event_id)

    async def follow_account(self, company_id: str, account: UserUpdated, event_id: str) -> None:
        """Show an account as auth has it now, in every shop where the person works."""
        shops = self._shops.for_company(company_id)
        for shop in await shops.find_many({"staff.userId": account.user_id}, STAFF_SHOPS_LIMIT):
            status: Any = account.status
            if not shop.has_handled(event_id) and shop.follow_account(account.user_id, account.name, status):
                await shops.save(shop, handled=event_id)


def _address(address: AddressIn | None) -> PostalAddress | None:
    return PostalAddress.model_validate(address.model_dump()) if address else None
