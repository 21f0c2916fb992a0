"""Companies, their domains, and the report of the walk."""

import secrets
from typing import Any

from dev.walk.callers import ADMINS, SUPER
from dev.walk.rows import Row
from dev.walk.world import PASSWORD, World

PLATFORM = frozenset({SUPER})
COMPANY = {"company_id": "company"}
DOMAIN = {**COMPANY, "name": "domain"}
UNPROVED = frozenset({409, 503})
"""No DNS holds the walk's proof; there may be no DNS at all."""

NOT_CLAIMED = frozenset({404, 422})
"""A name that nobody claimed need not be one."""


def company(world: World) -> dict[str, Any]:
    slug = f"{world.mark}-{secrets.token_hex(3)}"
    admin = {"email": f"{slug}@{world.mark}.example", "password": PASSWORD, "name": world.mark}
    return {"name": slug, "slug": slug, "currency": "EUR", "timezone": "Europe/Berlin", "admin": admin}


def report(_: World) -> dict[str, Any]:
    """Older than any that is published."""
    counted = {"routes": 1, "otherAddresses": 0, "calls": 1, "callsByCaller": {"customer": 1}, "leaks": []}
    return {"walkedAt": "2020-01-01T00:00:00Z", "suiteVersion": "0", **counted}


ROWS = [
    Row("POST /api/companies", PLATFORM, body=company),
    Row("GET /api/companies", ADMINS, sees_all=PLATFORM),
    Row("GET /api/companies/{company_id}", ADMINS, ids=COMPANY, sees_all=PLATFORM),
    Row(
        "PATCH /api/companies/{company_id}",
        ADMINS,
        ids=COMPANY,
        sees_all=PLATFORM,
        body=lambda world: {"name": f"Company {world.mark}"},
    ),
    Row("POST /api/companies/isolation-reports", PLATFORM, body=report),
    Row(
        "GET /api/companies/{company_id}/isolation-report",
        ADMINS,
        ids=COMPANY,
        sees_all=PLATFORM,
        ok=frozenset({200, 404}),  # nobody has published one yet
    ),
    Row("GET /api/companies/{company_id}/domains", ADMINS, ids=COMPANY, sees_all=PLATFORM),
    Row(
        "POST /api/companies/{company_id}/domains",
        ADMINS,
        ids=COMPANY,
        sees_all=PLATFORM,
        body=lambda world: {"name": f"walk.{world.mark}.com"},
    ),
    Row(
        "POST /api/companies/{company_id}/domains/{name}/verify",
        ADMINS,
        ids=DOMAIN,
        sees_all=PLATFORM,
        ok=UNPROVED,
        foreign=NOT_CLAIMED,
    ),
    Row(
        "DELETE /api/companies/{company_id}/domains/{name}",
        ADMINS,
        ids=DOMAIN,
        sees_all=PLATFORM,
        foreign=NOT_CLAIMED,
        fresh=frozenset({"name"}),
    ),
]
