"""Accounts, sessions, keys and roles."""

import secrets
from typing import Any

from dev.walk.callers import ADMIN, ADMINS, CUSTOMER, EVERYBODY, EXPIRED, MANAGER, SCOPELESS, SECRET, STAFF, SUPER
from dev.walk.rows import OK, Row
from dev.walk.world import PASSWORD, World

ANYBODY = EVERYBODY | {SCOPELESS, EXPIRED}
"""Where a token says nothing, an expired one does no harm."""

PERSONS = frozenset({SUPER, ADMIN})
NEVER_A_KEY = {SECRET: 403}
"""No key holds everything that a role may do, and nobody grants what they lack."""

PEOPLE = frozenset({SUPER, ADMIN, MANAGER, STAFF, CUSTOMER})


def registration(world: World) -> dict[str, Any]:
    return {"email": f"{secrets.token_hex(6)}@{world.mark}.example", "password": PASSWORD, "role": "customer"}


def person(world: World) -> dict[str, Any]:
    email = f"{secrets.token_hex(6)}@{world.mark}.example"
    shops = [world.known("shop")]
    return {"email": email, "password": PASSWORD, "name": world.mark, "role": "shop_staff", "shopIds": shops}


ROWS = [
    Row("GET /.well-known/jwks.json", EVERYBODY | {SCOPELESS}),
    Row("POST /api/auth/register", ANYBODY, body=registration, also_refused=frozenset({403})),
    Row(
        "POST /api/auth/login",
        ANYBODY,
        body=lambda _: {"email": "no@one.example", "password": "x"},
        ok=frozenset({401}),
        also_refused=frozenset({401}),
    ),
    Row("POST /api/auth/refresh", ANYBODY, body=lambda _: {"refreshToken": "none"}, ok=frozenset({401})),
    Row("GET /api/auth/me", PEOPLE),
    Row("POST /api/users", PERSONS, refused=NEVER_A_KEY, body=person, body_ids={"shopIds.0": "shop"}),
    Row("GET /api/users", ADMINS),
    Row("GET /api/users/{user_id}", ADMINS, ids={"user_id": "user"}),
    Row(
        "PATCH /api/users/{user_id}",
        PERSONS,
        refused=NEVER_A_KEY,
        ids={"user_id": "user"},
        body=lambda _: {"status": "active"},
    ),
    Row(
        "DELETE /api/users/{user_id}",
        PERSONS,
        refused=NEVER_A_KEY,
        ids={"user_id": "user"},
        fresh=frozenset({"user_id"}),
        ok=OK,
    ),
]
