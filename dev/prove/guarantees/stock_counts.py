"""What became of orders and their goods, read from the databases of sales and inventory."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from dev.prove.suite import ProvedSuite
from dev.prove.trade import House

WAITING = ("pending", "on_hold")
AT_WORK = ("reserving", "deducting", "releasing", "restocking", "taking")
LOOK_SECONDS = 0.1


async def waiting(suite: ProvedSuite, house: House) -> list[str]:
    """Orders that have not ended, and reservations that are at work or hold for an order that has."""
    orders, reservations = suite.database("sales")["orders"], suite.database("inventory")["reservations"]
    company = {"companyId": house.company_id}
    open_orders = orders.find({**company, "status": {"$in": list(WAITING)}, "confirmedAt": None}, {"_id": 1})
    left = [order["_id"] async for order in open_orders]
    states = [*AT_WORK, "held"]
    return left + [each["_id"] async for each in reservations.find({**company, "state": {"$in": states}}, {"_id": 1})]


async def all_ended(suite: ProvedSuite, house: House, seconds: float) -> float:
    """Waits until no order and no reservation of the house is under way; how long that took, in seconds.

    After ``seconds`` it returns all the same: what is left is for the row to judge.
    """
    began = time.monotonic()
    while await waiting(suite, house) and time.monotonic() - began < seconds:
        await asyncio.sleep(LOOK_SECONDS)
    return time.monotonic() - began


async def statuses(suite: ProvedSuite, house: House) -> Counter[str]:
    """How many orders of the house stand where; cancelled ones by their reason."""
    found = suite.database("sales")["orders"].find({"companyId": house.company_id}, {"status": 1, "cancelReason": 1})
    return Counter([each.get("cancelReason") or each["status"] async for each in found])


async def sold_pieces(suite: ProvedSuite, house: House) -> Counter[str]:
    """Pieces in confirmed orders, by SKU."""
    pieces: Counter[str] = Counter()
    found = suite.database("sales")["orders"].find(
        {"companyId": house.company_id, "confirmedAt": {"$ne": None}}, {"items.sku": 1, "items.quantity": 1}
    )
    async for order in found:
        for line in order["items"]:
            pieces[line["sku"]] += line["quantity"]
    return pieces


async def shelves(suite: ProvedSuite, house: House) -> dict[str, tuple[int, int]]:
    """What is on hand and what is reserved of each SKU, all warehouses together."""
    found: dict[str, tuple[int, int]] = {}
    async for row in suite.database("inventory")["stock"].find({"companyId": house.company_id}):
        on_hand, reserved = found.get(row["sku"], (0, 0))
        found[row["sku"]] = (on_hand + row["onHand"], reserved + row["reserved"])
    return found


class Below:
    """Rows of stock that fell below zero, at whatever moment."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, int]] = {}
        self.found: list[str] = []
        self.changes = 0

    def take(self, change: dict[str, Any]) -> None:
        """One change of a stock document, with what it set."""
        told = change.get("updateDescription", {}).get("updatedFields", {})
        row = self.rows.get(change["documentKey"]["_id"])
        if row is None:
            return
        row.update({name: told[name] for name in ("onHand", "reserved") if name in told})
        self.changes += 1
        if row["onHand"] < 0 or row["onHand"] < row["reserved"]:
            self.found.append(f"{change['documentKey']['_id']} {row}")


@asynccontextmanager
async def never_below(suite: ProvedSuite, house: House) -> AsyncIterator[Below]:
    """Follows every single change of the house's stock for as long as the block runs."""
    below, stock = Below(), suite.database("inventory")["stock"]
    async with await stock.watch([{"$match": {"operationType": "update"}}]) as changes:
        async for row in stock.find({"companyId": house.company_id}, {"onHand": 1, "reserved": 1}):
            below.rows[row["_id"]] = {"onHand": row["onHand"], "reserved": row["reserved"]}

        async def follow() -> None:
            async for change in changes:
                below.take(dict(change))

        following = asyncio.create_task(follow())
        try:
            yield below
            await asyncio.sleep(LOOK_SECONDS)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
