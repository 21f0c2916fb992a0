"""Companies."""

import secrets
from typing import Any

from dev.walk.callers import ADMINS, SUPER
from dev.walk.rows import Row
from dev.walk.world import PASSWORD, World

PLATFORM = frozenset({SUPER})


def company(world: World) -> dict[str, Any]:
    slug = f"{world.mark}-{secrets.token_hex(3)}"
    admin = {"email": f"{slug}@{world.mark}.example", "password": PASSWORD, "name": world.mark}
    return {"name": slug, "slug": slug, "currency": "EUR", "timezone": "Europe/Berlin", "admin": admin}


ROWS = [
    Row("POST /api/companies", frozenset({SUPER}), body=company),
    Row("GET /api/companies", ADMINS, sees_all=PLATFORM),
    Row("GET /api/companies/{company_id}", ADMINS, ids={"company_id": "company"}, sees_all=PLATFORM),
    Row(
        "PATCH /api/companies/{company_id}",
        ADMINS,
        ids={"company_id": "company"},
        sees_all=PLATFORM,
        body=lambda world: {"name": f"Company {world.mark}"},
    ),
]
