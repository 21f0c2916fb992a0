"""How each kind of caller identifies itself in the company under attack."""

import time
from typing import Any

from common.identity.permissions import ANONYMOUS as VISITOR_PERMISSIONS
from common.identity.permissions import permissions_of
from dev.trading import Api
from dev.walk.callers import (
    ADMIN,
    ANONYMOUS,
    CUSTOMER,
    EXPIRED,
    MANAGER,
    PUBLISHABLE,
    SCOPELESS,
    SECRET,
    STAFF,
    SUPER,
    Caller,
)
from dev.walk.forging import Forge
from dev.walk.world import World


async def callers(world: World, forge: Forge) -> dict[str, Caller]:
    """Every caller by name."""
    tenant = {"X-Tenant-ID": world.mark}
    people = {SUPER: world.platform, ADMIN: world.admin, MANAGER: world.manager, STAFF: world.staff}
    told = {name: bearer(api) for name, api in people.items()}
    told[SUPER] |= tenant
    told[CUSTOMER] = bearer(world.customer)
    told[ANONYMOUS] = tenant
    told[SECRET] = await _key(
        world, "secret", sorted(each for each in permissions_of(ADMIN) if not each.startswith("own."))
    )
    told[SCOPELESS] = await _key(world, "secret", [])
    told[PUBLISHABLE] = await _key(world, "publishable", sorted(VISITOR_PERMISSIONS))
    told[EXPIRED] = {"Authorization": f"Bearer {forge.altered(token_of(world.admin), exp=int(time.time()) - 3600)}"}
    return {name: Caller(name, headers) for name, headers in told.items()}


def token_of(api: Api) -> str:
    """The access token that somebody holds."""
    token = api.identity()["Authorization"]
    return token.removeprefix("Bearer ")


def bearer(api: Api) -> dict[str, str]:
    """The header that somebody identifies with."""
    return {"Authorization": api.identity()["Authorization"]}


async def _key(world: World, kind: str, scopes: list[str]) -> dict[str, str]:
    body: dict[str, Any] = {"name": f"{kind} {world.mark}", "type": kind, "scopes": scopes}
    made = await world.admin.post("/api/keys", body)
    world.made.add(made["id"])
    return {"X-API-Key": made["key"]}
