"""A running catalog, companies to sell in, and products to sell."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest_asyncio

from common.events.parts import CompanyLimits, CompanySettings
from common.events.tenancy import CompanyCreated
from common.ids import new_id
from common.testing import Harness, Infrastructure

NewCompany = Callable[..., Awaitable[str]]
CHORUS = Path(__file__).resolve().parents[3] / "shared/data/icecat_chorus"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def catalog(infrastructure: Infrastructure) -> AsyncIterator[Harness]:
    environment = {
        "MARKETHALL_SEARCH_COMMIT_MILLISECONDS": "50",
        "MARKETHALL_SERVICE_URL_TEMPLATE": "http://127.0.0.1:9",  # nobody listens on the discard port
    }
    async with Harness("catalog", infrastructure, **environment) as harness:
        yield harness


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def new_company(catalog: Harness) -> NewCompany:
    """Makes a company that catalog has heard of."""

    async def make(*, products: int | None = None, **settings: Any) -> str:
        company_id = new_id("cmp")
        created = CompanyCreated(
            company_id=company_id,
            name="Acme",
            slug="acme",
            status="active",
            currency="EUR",
            timezone="Europe/Berlin",
            settings=CompanySettings(**settings),
            limits=CompanyLimits(products=products),
        )
        await catalog.publish(created, company_id)
        copies = catalog.runtime.database["company_copies"]
        await eventually(lambda: copies.find_one({"_id": company_id}))
        return company_id

    return make


async def eventually(look: Callable[[], Awaitable[Any]], deadline_seconds: float = 10.0) -> Any:
    """What ``look`` finds, once it finds something."""
    async with asyncio.timeout(deadline_seconds):
        while not (found := await look()):
            await asyncio.sleep(0.02)
    return found


def product_body(sku: str = "MUG-1", amount: int = 1299, **fields: Any) -> dict[str, Any]:
    """A product as sent."""
    return {"sku": sku, "name": "Ceramic mug", "price": {"amount": amount, "currency": "EUR"}, **fields}


def variants_body() -> dict[str, Any]:
    """Members of a product with two variants."""
    return {
        "options": [{"name": "Size", "values": ["S", "M"]}],
        "variants": [
            {"sku": "SHIRT-S", "options": {"Size": "S"}, "price": {"amount": 900, "currency": "EUR"}},
            {"sku": "SHIRT-M", "options": {"Size": "M"}},
        ],
    }


async def made(client: httpx2.AsyncClient, sku: str = "MUG-1", amount: int = 1299, **fields: Any) -> dict[str, Any]:
    """A created product."""
    answer = await client.post("/api/products", json=product_body(sku, amount, **fields))
    assert answer.status_code == 201, answer.text
    product: dict[str, Any] = answer.json()
    return product
