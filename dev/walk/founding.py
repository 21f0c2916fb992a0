"""Founding a company for the walk, with its people."""

import secrets

from dev.trading import Api
from dev.walk.makers import MAKERS
from dev.walk.world import PASSWORD, World, until


async def found(base_url: str, platform_login: tuple[str, str], name: str) -> World:
    """A company with an admin, two shops, a manager, staff and two customers. Raises Refused or NotMade."""
    mark = f"{name}-{secrets.token_hex(6)}"
    platform = Api(base_url)
    await platform.sign_in(*platform_login)
    address = f"admin@{mark}.example"
    admin_body = {"email": address, "password": PASSWORD, "name": f"Admin {mark}"}
    body = {"name": f"Company {mark}", "slug": mark, "currency": "EUR", "timezone": "Europe/Berlin"}
    company = await platform.post("/api/companies", {**body, "admin": admin_body})
    admin = Api(base_url)
    await admin.sign_in(address, PASSWORD)
    world = World(
        base_url, mark, platform, admin, Api(base_url), Api(base_url), Api(base_url, tenant=mark),
        Api(base_url, tenant=mark), platform_login,
    )  # fmt: skip
    world.makers.update(MAKERS)
    world.ids["company"] = company["id"]
    world.made.add(company["id"])
    await _open_shops(world)
    await _hire(world)
    await _register(world)
    return world


async def _open_shops(world: World) -> None:
    for kind, code in (("shop", "ONE"), ("shop_of_others", "TWO")):
        made = await world.admin.post("/api/shops", {"name": f"Shop {world.mark}", "code": code})
        path = f"/api/shops/{made['id']}"
        ready = await until(lambda path=path: world.admin.get(path), lambda shop: shop["warehouseId"])  # type: ignore[misc]
        warehouse = kind.replace("shop", "warehouse")
        world.ids |= {kind: made["id"], warehouse: ready["warehouseId"]}
        world.made |= {made["id"], ready["warehouseId"]}


async def _hire(world: World) -> None:
    for api, role in ((world.manager, "shop_manager"), (world.staff, "shop_staff")):
        person = {"email": f"{role}@{world.mark}.example", "password": PASSWORD, "name": f"{role} {world.mark}"}
        path = f"/api/shops/{world.ids['shop']}/staff"
        member = await world.admin.post(path, {**person, "role": role})
        world.ids[role] = member["userId"]
        world.made.add(member["userId"])
        answer = await api.sign_in(person["email"], PASSWORD)
        assert world.ids["shop"] in answer["user"]["shopIds"]


async def _register(world: World) -> None:
    for api, kind in ((world.customer, "customer"), (world.other_customer, "customer_of_others")):
        await api.register(f"{kind}@{world.mark}.example", PASSWORD, f"Buyer {world.mark}")
        user = (await api.get("/api/auth/me"))["user"]
        path = f"/api/customers/{user['customerId']}"
        found = [user["customerId"], user["id"]]

        async def is_known(path: str = path) -> bool:
            from dev.trading import Refused

            try:
                return bool(await world.admin.get(path))
            except Refused:
                return False

        await until(is_known, bool)
        world.ids |= {kind: found[0], f"{kind}_user": found[1]}
        world.made |= set(found)
