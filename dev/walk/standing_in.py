"""People made for one call: signing out or changing a password costs them what it would cost the walk's own."""

import secrets

from dev.trading import Api
from dev.walk.callers import ADMIN, CUSTOMER, SUPER
from dev.walk.identities import bearer
from dev.walk.world import PASSWORD, World

ROLES = {ADMIN: "company_admin"}


async def stand_in(world: World, name: str) -> dict[str, str]:
    """The header of somebody new who may what the caller of this name may; for the platform a new session."""
    if name == SUPER:
        async with Api(world.base_url) as api:
            await api.sign_in(*world.platform_login)
            return bearer(api) | {"X-Tenant-ID": world.mark}
    email = f"{secrets.token_hex(6)}@{world.mark}.example"
    if name == CUSTOMER:
        async with Api(world.base_url, tenant=world.mark) as api:
            await api.register(email, PASSWORD, f"Buyer {world.mark}")
            return bearer(api)
    role = ROLES.get(name, name)
    shops = [] if name == ADMIN else [world.ids["shop"]]
    person = {"email": email, "password": PASSWORD, "name": world.mark, "role": role, "shopIds": shops}
    await world.admin.post("/api/users", person)
    async with Api(world.base_url) as api:
        await api.sign_in(email, PASSWORD)
        return bearer(api)
