"""People, roles, keys, sessions, customers' records and debts."""

import secrets

import jwt

from dev.trading import Api
from dev.walk.world import PASSWORD, Maker, World, eur


async def _record(world: World) -> str:
    """A customer's record without an account."""
    return str((await world.admin.post("/api/customers", {"name": world.text()}))["id"])


async def _debt(world: World) -> str:
    body = {"debtorType": "customer", "debtorId": world.ids["customer"], "principal": eur(100_000)}
    return str((await world.admin.post("/api/debts", body))["id"])


async def _user(world: World) -> str:
    person = {"email": f"{secrets.token_hex(5)}@{world.mark}.example", "password": PASSWORD, "name": world.mark}
    made = await world.admin.post("/api/users", {**person, "role": "shop_staff", "shopIds": [world.ids["shop"]]})
    return str(made["id"])


async def _member(world: World) -> str:
    """Somebody who works in the shop, as the shop has it."""
    person = {"email": f"{secrets.token_hex(5)}@{world.mark}.example", "password": PASSWORD, "name": world.mark}
    path = f"/api/shops/{world.ids['shop']}/staff"
    return str((await world.admin.post(path, {**person, "role": "shop_staff"}))["userId"])


async def _role(world: World) -> str:
    body = {"name": world.text(), "description": world.mark, "permissions": ["orders.read"]}
    return str((await world.admin.post("/api/roles", body))["id"])


async def _key(world: World) -> str:
    body = {"name": world.text(), "type": "secret", "scopes": ["products.read"]}
    return str((await world.admin.post("/api/keys", body))["id"])


async def _session(world: World) -> str:
    """Another sign-in of the customer."""
    async with Api(world.base_url, tenant=world.mark) as api:
        answer = await api.sign_in(f"customer@{world.mark}.example", PASSWORD)
    claims = jwt.decode(answer["accessToken"], options={"verify_signature": False})
    return str(claims["sid"])


async def _device(world: World) -> str:
    body = {"token": f"walk:{secrets.token_hex(16)}", "platform": "android"}
    return str((await world.customer.post("/api/notifications/devices", body))["id"])


async def _domain(world: World) -> str:
    """A domain that the company claims and cannot prove."""
    path = f"/api/companies/{world.ids['company']}/domains"
    return str((await world.admin.post(path, {"name": f"{world.text()}.com"}))["name"])


MAKERS: dict[str, Maker] = {
    "customer_record": _record,
    "debt": _debt,
    "device": _device,
    "domain": _domain,
    "key": _key,
    "member": _member,
    "role": _role,
    "session": _session,
    "user": _user,
}
