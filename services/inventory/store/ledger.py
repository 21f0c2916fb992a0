"""The collection ``movements``, and the relay that brings movements there from the stock documents."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from pymongo import IndexModel, InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from common.mongo.store import Store
from services.inventory.domain.ledger import Movement, with_balances
from services.inventory.store.stock import DUPLICATE_KEY

LINGER_SECONDS = 0.01
POLL_SECONDS = 2.0
STALE_SECONDS = 2
ROWS_AT_ONCE = 500
FLUSH_ROUNDS = 20
WAITING_LIMIT = 20_000
SUMS_LIMIT = 10_000


class Ledger(Store[Movement]):
    """Movements by the time they happened. They are inserted by id, so a second try changes nothing."""

    COLLECTION = "movements"
    MODEL = Movement
    WHAT = "movement"
    INDEXES = [
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("sku", 1), ("createdAt", -1), ("_id", -1)], name="company_sku"),
        IndexModel([("companyId", 1), ("warehouseId", 1), ("createdAt", -1), ("_id", -1)], name="company_warehouse"),
        IndexModel([("companyId", 1), ("reference.id", 1), ("createdAt", -1), ("_id", -1)], name="company_reference"),
    ]

    async def sums(self, criteria: dict[str, Any]) -> list[tuple[str, str, int, int]]:
        """The movements that match, added up: warehouse id, reason, sum of the deltas, how many."""
        group = {
            "_id": {"place": "$warehouseId", "reason": "$reason"},
            "delta": {"$sum": "$delta"},
            "entries": {"$sum": 1},
        }
        order = {"_id.place": 1, "_id.reason": 1}
        stages: list[dict[str, Any]] = [
            {"$match": self.scope(criteria)},
            {"$group": group},
            {"$sort": order},
            {"$limit": SUMS_LIMIT},
        ]
        found = await self.collection.aggregate(stages)
        return [(one["_id"]["place"], one["_id"]["reason"], one["delta"], one["entries"]) async for one in found]

    async def known(self, ids: Sequence[str]) -> dict[str, Movement]:
        """Those of the movements that stand in the collection."""
        found = self.collection.find(self.scope({"_id": {"$in": list(ids)}})).limit(len(ids))
        return {document["_id"]: self.from_document(document) async for document in found}

    async def append(self, movements: Sequence[dict[str, Any]]) -> None:
        """Insert what is not there yet."""
        if not movements:
            return
        try:
            await self.collection.bulk_write([InsertOne(movement) for movement in movements], ordered=False)
        except BulkWriteError as error:
            if any(problem["code"] != DUPLICATE_KEY for problem in error.details["writeErrors"]):
                raise


class MovementRelay:
    """Moves pending movements to the ledger: woken after a change, backed by a poll for what a crash left."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger.for_platform()
        self._stock = ledger.ground.database["stock"]
        self._clock = ledger.ground.clock
        self._waiting: set[str] = set()
        self._wake = asyncio.Event()

    def wake(self, stock_ids: Iterable[str]) -> None:
        """Name rows with pending movements. Beyond the bound the poll takes them instead."""
        if len(self._waiting) < WAITING_LIMIT:
            self._waiting.update(stock_ids)
            self._wake.set()

    async def run(self) -> None:
        """Relay what is named until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(LINGER_SECONDS)
            self._wake.clear()
            while self._waiting:
                ids = [self._waiting.pop() for _ in range(min(len(self._waiting), ROWS_AT_ONCE))]
                await self.flush({"_id": {"$in": ids}})

    async def poll(self) -> None:
        """Relay what has waited too long, until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.flush({"movementsAt": {"$lt": self._clock.now() - timedelta(seconds=STALE_SECONDS)}})

    async def flush_all(self, criteria: dict[str, Any]) -> None:
        """Flush until nothing that was pending at the start is left, or a bound is reached."""
        for _ in range(FLUSH_ROUNDS):
            if await self.flush(criteria) < ROWS_AT_ONCE:
                return

    async def flush(self, criteria: dict[str, Any]) -> int:
        """Bring what is pending in these rows to the ledger, then take exactly that out of them. How many rows."""
        pending: dict[str, list[str]] = {}
        movements: list[dict[str, Any]] = []
        found = self._stock.find({"movementsAt": {"$exists": True}, **criteria}, {"movements": 1, "onHand": 1})
        async for row in found.limit(ROWS_AT_ONCE):
            balanced = with_balances(row["onHand"], row["movements"])
            movements += balanced
            pending[row["_id"]] = [movement["_id"] for movement in balanced]
        await self._ledger.append(movements)
        if pending:
            await self._stock.bulk_write(
                [UpdateOne({"_id": key}, _without(ids)) for key, ids in pending.items()], ordered=False
            )
        return len(pending)

    async def pending(self, ids: Sequence[str], rows: Sequence[str]) -> dict[str, Movement]:
        """Those of the movements that still stand in these rows."""
        wanted = set(ids)
        found = self._stock.find({"_id": {"$in": list(rows)}}, {"movements": 1, "onHand": 1}).limit(len(rows))
        return {
            movement["_id"]: self._ledger.from_document(movement)
            async for row in found
            for movement in with_balances(row["onHand"], row["movements"])
            if movement["_id"] in wanted
        }

    async def entered(self, company_id: str, ids: Sequence[str], rows: Sequence[str]) -> dict[str, Movement]:
        """Those of the movements that happened. Rows are read first: what leaves them is in the ledger by then."""
        if not ids:
            return {}
        pending = await self.pending(ids, rows)
        elsewhere = [movement_id for movement_id in ids if movement_id not in pending]
        return pending | (await self._ledger.for_company(company_id).known(elsewhere) if elsewhere else {})


def _without(ids: list[str]) -> list[dict[str, Any]]:
    kept = {"$filter": {"input": "$movements", "cond": {"$not": [{"$in": ["$$this._id", ids]}]}}}
    empty = {"$eq": [{"$size": "$movements"}, 0]}
    return [
        {"$set": {"movements": kept}},
        {"$set": {"movementsAt": {"$cond": [empty, "$$REMOVE", "$movementsAt"]}}},
    ]
