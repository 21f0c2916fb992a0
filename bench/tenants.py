"""A thousand companies of a thousand products: the catalog's memory, and what the first visitor of each waits for.

The companies come through the suite's own door. Their products are copies, made inside the database, of those that
one company was sold through it; the catalog is started again afterwards and reads them as it would after any restart.
"""

import asyncio
import secrets
import time
from typing import Any

import httpx2

from bench.ground import Ground, create, rows
from bench.load import percentile
from bench.standing import Measure, Progress, memory
from dev.prove.trade.house import PASSWORD
from dev.readiness import wait_until_ready
from dev.supervisor.client import SupervisorClient
from dev.trading import Api

COMPANIES = 1_000
PRODUCTS = 1_000
AT_ONCE = 4
FILLED_SECONDS = 1_200.0
LOOK_SECONDS = 2.0
LARGEST_MIB = 1_024.0
FIRST_MS = 200.0
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Of ids (Crockford's base 32)."""


async def populate(ground: Ground, tell: Progress) -> list[Measure]:
    """The catalog's memory, and the longest first answers, with what was promised."""
    missing = PRODUCTS - len(ground.house.goods)
    if missing > 0:
        await create(ground, [{**row, "sku": f"{row['sku']}-more"} for row in rows(missing)])
    tell(f"founding {COMPANIES:,} companies")
    tenants = await _founded(ground)
    tell(f"copying {PRODUCTS:,} products to each")
    await _copied(ground, [company_id for company_id, _ in tenants])
    tell("starting the catalog again")
    began = time.monotonic()
    client = SupervisorClient(ground.suite.home)
    await asyncio.to_thread(_start_again, ground, client)
    ready = time.monotonic() - began
    async with httpx2.AsyncClient(base_url=ground.suite.gateway, timeout=30) as visitor:
        await _filled(ground, visitor)
        filled = time.monotonic() - began
        tell("the first visitor of each")
        listed = [await _waited(visitor, slug, "limit=20") for _, slug in tenants]
        word = ground.words[0]
        found = [await _waited(visitor, slug, f"search={word}&limit=20") for _, slug in tenants]
    held = (await asyncio.to_thread(memory, client))["catalog"]
    stored = f"{COMPANIES:,} companies of {PRODUCTS:,} products"
    return [
        Measure("catalog ready", stored, ready, "s"),
        Measure("catalog's index filled", stored, filled, "s"),
        Measure("catalog's memory", f"{stored} (PSS)", held, "MiB", LARGEST_MIB),
        Measure("first page, p99", "of each company", percentile(listed, 0.99), "ms"),
        Measure("first page, longest", "of each company", max(listed) * 1000, "ms", FIRST_MS),
        Measure("first search, p99", "of each company", percentile(found, 0.99), "ms"),
        Measure("first search, longest", "of each company", max(found) * 1000, "ms", FIRST_MS),
    ]


async def _founded(ground: Ground) -> list[tuple[str, str]]:
    """Ids and slugs."""
    turns = asyncio.Semaphore(AT_ONCE)
    async with Api(ground.suite.gateway) as platform:
        await platform.sign_in(*ground.suite.administrator)

        async def found(number: int) -> tuple[str, str]:
            slug = f"tenant-{number}-{secrets.token_hex(3)}"
            admin = {"email": f"admin@{slug}.example", "password": PASSWORD, "name": "Bench"}
            body = {
                "name": f"Tenant {number}", "slug": slug, "currency": "EUR", "timezone": "Europe/Berlin",
                "country": "DE", "admin": admin,
            }  # fmt: skip
            async with turns:
                return (await platform.post("/api/companies", body))["id"], slug

        return list(await asyncio.gather(*(found(number) for number in range(COMPANIES))))


async def _copied(ground: Ground, company_ids: list[str]) -> None:
    """Each product once more for each company: its id differs in the characters that tell the time."""
    products = ground.suite.database("catalog")["products"]
    for number, company_id in enumerate(company_ids):
        mark = "".join(ALPHABET[number >> shift & 31] for shift in (20, 15, 10, 5, 0))
        own = {"$concat": ["prd_", mark, {"$substrCP": ["$_id", 9, 64]}]}
        pipeline: list[dict[str, Any]] = [
            {"$match": {"companyId": ground.house.company_id}},
            {"$limit": PRODUCTS},
            {"$set": {"_id": own, "companyId": company_id}},
            {"$merge": {"into": "products", "whenMatched": "fail"}},
        ]
        await (await products.aggregate(pipeline)).to_list()


def _start_again(ground: Ground, client: SupervisorClient) -> None:
    client.stop(["catalog"])
    client.start(["catalog"])
    wait_until_ready(ground.suite.home, client, ["catalog"])


async def _filled(ground: Ground, visitor: httpx2.AsyncClient) -> None:
    """Until a search finds the product that the index reads last. Raises TimeoutError."""
    products = ground.suite.database("catalog")["products"]
    last = await products.find_one({}, {"sku": 1}, sort=[("_id", -1)])
    slug = ground.house.slug
    assert last is not None
    async with asyncio.timeout(FILLED_SECONDS):
        while True:
            answer = await visitor.get(
                "/api/products", params={"search": last["sku"], "limit": 1}, headers={"X-Tenant-ID": slug}
            )
            if answer.status_code == 200 and answer.json()["items"]:
                return
            await asyncio.sleep(LOOK_SECONDS)


async def _waited(visitor: httpx2.AsyncClient, slug: str, asked: str) -> float:
    began = time.monotonic()
    answer = await visitor.get(f"/api/products?{asked}", headers={"X-Tenant-ID": slug})
    answer.raise_for_status()
    if not answer.json()["items"]:
        raise RuntimeError(f"nothing found by {asked}")
    return time.monotonic() - began
