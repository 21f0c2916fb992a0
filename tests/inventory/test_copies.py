"""Two copies of the service on one queue and one database, everything delivered twice and out of order."""

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
import pytest_asyncio

from common.events.parts import OrderLine
from common.testing import Harness
from tests.inventory.conftest import Company, until
from tests.inventory.desk import Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")

SKUS = ("A", "B", "C")
ORDERS = 60
ENDED = {"failed", "deducted", "released", "restocked"}


@pytest_asyncio.fixture(loop_scope="module")
async def second(inventory: Harness, desk_and_address: tuple[Desk, str]) -> AsyncIterator[Harness]:
    """Another copy beside the first."""
    environment = {"MARKETHALL_SERVICE_URL_TEMPLATE": desk_and_address[1]}
    async with Harness("inventory", inventory.infrastructure, **environment) as harness:
        yield harness


class TestCopies:
    async def test_keep_one_set_of_books(self, company: Company, second: Harness) -> None:
        chance = random.Random(7)
        for sku in SKUS:
            await company.stock(sku, 30)
        orders = [company.created(*_lines(chance)) for _ in range(ORDERS)]
        cancelled = {order.order_id for order in orders[::3]}
        sends: list[Coroutine[Any, Any, Any]] = [
            company.harness.publish(order, company.id, times=2) for order in orders
        ]
        sends += [company.cancel(order, times=2) for order in orders if order.order_id in cancelled]
        chance.shuffle(sends)
        await asyncio.gather(*sends)
        await asyncio.gather(*(company.ended(order.order_id, "held", *ENDED) for order in orders))
        kept = [order for order in orders if order.order_id not in cancelled]
        held = [order for order in kept if (await company.ended(order.order_id, "held", "failed"))["status"] == "held"]
        await asyncio.gather(*(company.confirm(order, times=2) for order in held))
        for order in held:
            await company.ended(order.order_id, "deducted")
        for order in orders:
            await company.ended(order.order_id, *ENDED)
        await self._agree(company, held=[line for order in held for line in order.lines])

    async def _agree(self, company: Company, held: list[OrderLine]) -> None:
        for sku in SKUS:
            sold = sum(line.quantity for line in held if line.sku == sku)

            async def on_hand(sku: str = sku) -> tuple[int, int]:
                row = await company.row(sku)
                return row["onHand"], row["reserved"]

            assert await until(on_hand, lambda found: found[1] == 0) == (30 - sold, 0)
            assert sum(entry["delta"] for entry in await company.movements(sku=sku)) == 30 - sold


def _lines(chance: random.Random) -> list[tuple[str, int]]:
    return [(chance.choice(SKUS), chance.randint(1, 2)) for _ in range(chance.randint(1, 3))]
