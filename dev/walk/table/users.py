"""A company's people, its roles and its API keys."""

import secrets
from typing import Any

from dev.walk.callers import ADMINS, SECRET
from dev.walk.rows import Row
from dev.walk.world import PASSWORD, World

NEVER_A_KEY = {SECRET: frozenset({403})}
"""No key holds everything that a role may do, and nobody grants what they lack."""

USER = {"user_id": "user"}
ROLE = {"role_id": "role"}
KEY = {"key_id": "key"}


def person(world: World) -> dict[str, Any]:
    email = f"{secrets.token_hex(6)}@{world.mark}.example"
    shops = [world.known("shop")]
    return {"email": email, "password": PASSWORD, "name": world.mark, "role": "shop_staff", "shopIds": shops}


def role(world: World) -> dict[str, Any]:
    return {"name": world.text(), "description": world.mark, "permissions": ["orders.read"]}


def key(world: World) -> dict[str, Any]:
    return {"name": world.text(), "type": "secret", "scopes": ["products.read"]}


ROWS = [
    Row(
        "POST /api/users",
        ADMINS,
        answers=NEVER_A_KEY,
        body=person,
        body_ids={"shopIds.0": "shop", "roleId": "role"},
        foreign_in_body=frozenset({403, 404, 409, 422}),
    ),
    Row("GET /api/users", ADMINS),
    Row("GET /api/users/{user_id}", ADMINS, ids=USER),
    Row(
        "PATCH /api/users/{user_id}",
        ADMINS,
        answers=NEVER_A_KEY,
        ids=USER,
        body=lambda _: {"status": "active"},
        body_ids={"shopIds.0": "shop", "roleId": "role"},
        foreign_in_body=frozenset({403, 404, 409, 422}),
    ),
    Row("DELETE /api/users/{user_id}", ADMINS, answers=NEVER_A_KEY, ids=USER, fresh=frozenset({"user_id"})),
    Row("POST /api/roles", ADMINS, body=role),
    Row("GET /api/roles", ADMINS),
    Row("GET /api/roles/{role_id}", ADMINS, ids=ROLE),
    Row("PATCH /api/roles/{role_id}", ADMINS, ids=ROLE, body=lambda world: {"description": world.mark}),
    Row("DELETE /api/roles/{role_id}", ADMINS, ids=ROLE, fresh=frozenset({"role_id"})),
    Row("POST /api/keys", ADMINS, body=key),
    Row("GET /api/keys", ADMINS),
    Row("GET /api/keys/{key_id}", ADMINS, ids=KEY),
    Row("PATCH /api/keys/{key_id}", ADMINS, ids=KEY, body=lambda world: {"name": world.text()}),
    Row("POST /api/keys/{key_id}/rotate", ADMINS, ids=KEY, body=lambda _: {"overlapSeconds": 60}),
    Row("DELETE /api/keys/{key_id}", ADMINS, ids=KEY, fresh=frozenset({"key_id"})),
]
