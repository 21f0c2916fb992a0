"""Growth: what operations cost with ten and a hundred times as many products and orders stored.

Everything comes through the suite's own door: products in batches, orders as sales that a till made offline.
"""

import asyncio
import random

from bench.ground import Ground, create, rows
from bench.measuring import measure, planned
from bench.operation import Effort
from bench.operations import OPERATIONS
from bench.operations.selling import sale, settled
from bench.standing import Measure, Progress, memory
from dev.prove.trade.house import put_in_stock
from dev.supervisor.client import SupervisorClient

SIZES = (1_000, 10_000, 100_000)
GROWING = ("browse", "search", "order", "dashboard")
MOST_GROWTH = 1.2
CLIENTS = 8
PRODUCTS_AT_ONCE = 200
SALES_AT_ONCE = 50
LINES = 5
"""Of a sale: the dashboard is measured over half a million of them at last."""
STOCK = 1_000_000
EFFORT = Effort(seconds=2.0, rounds=3, writes=300)


async def grow(ground: Ground, tell: Progress) -> list[Measure]:
    """Costs at each size; of the largest, as a multiple of the smallest, with what was promised."""
    measures: list[Measure] = []
    first: dict[str, float] = {}
    for size in SIZES:
        tell(f"growing to {size:,} products and orders")
        await _more_products(ground, size)
        await _more_orders(ground, size)
        for name in GROWING:
            operation = OPERATIONS[name]
            cost = (await measure(ground, operation, await planned(operation, ground, CLIENTS, EFFORT))).cpu
            growth = cost / first.setdefault(name, cost)
            measures.append(Measure(f"{name} at {size:,}", "all processes", cost, "CPU ms"))
            if size == SIZES[-1]:
                measures.append(Measure(f"{name}, growth", f"from {SIZES[0]:,} on", growth, "times", MOST_GROWTH))
        held = sum((await asyncio.to_thread(memory, SupervisorClient(ground.suite.home))).values())
        measures.append(Measure(f"memory at {size:,}", "the thirteen (PSS)", held, "MiB"))
    return measures


async def _more_products(ground: Ground, size: int) -> None:
    """The public products again and again, each time under other numbers."""
    known, goods = len(ground.house.goods), ground.house.goods
    while len(goods) < size:
        turn = len(goods)
        batch = [
            {**row, "sku": f"{row['sku']}-{turn}", "name": f"{row['name']} {turn}"}
            for row in rows(min(PRODUCTS_AT_ONCE, size - len(goods)))
        ]
        await create(ground, batch)
        if len(goods) == turn:
            raise RuntimeError(f"no product was taken: {ground.refused[-1:]}")
    await put_in_stock(ground.house, goods[known:], STOCK)


async def _more_orders(ground: Ground, size: int) -> None:
    assert ground.till is not None
    rng = random.Random(6)
    company = {"companyId": ground.house.company_id}
    stored = await ground.suite.database("sales")["orders"].count_documents(company)
    while stored < size:
        batch = [sale(ground, rng, LINES) for _ in range(min(SALES_AT_ONCE, size - stored))]
        await ground.till.post("/api/pos/sales/batch", {"sales": batch})
        stored += len(batch)
    await settled(ground, deadline_seconds=size / 20)
