"""Companies."""

import secrets
from typing import Any

from dev.walk.callers import ADMINS, SUPER
from dev.walk.rows import Row
from dev.walk.world import PASSWORD, World

PLATFORM = frozenset({SUPER})

DOMAINS = "/api/companies/{company_id}/domains"
NOBODYS = "unclaimed.example"


def domain(world: World) -> dict[str, Any]:
    return {"name": f"{world.mark}-shop.example"}


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
    Row(f"GET {DOMAINS}", ADMINS, ids={"company_id": "company"}, sees_all=PLATFORM),
    Row(f"POST {DOMAINS}", ADMINS, ids={"company_id": "company"}, sees_all=PLATFORM, body=domain),
    Row(
        f"POST {DOMAINS}/{{name}}/verify",
        ADMINS,
        ids={"company_id": "company"},
        sees_all=PLATFORM,
        fixed={"name": NOBODYS},
        ok=frozenset({404}),
    ),
    Row(
        f"DELETE {DOMAINS}/{{name}}",
        ADMINS,
        ids={"company_id": "company"},
        sees_all=PLATFORM,
        fixed={"name": NOBODYS},
        ok=frozenset({404}),
    ),
]
