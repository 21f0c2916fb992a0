"""Stock documents: every change is one conditional update a document, many in one bulk write."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pymongo import IndexModel, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from common.events.parts import StockLine
from common.mongo.store import Store
from common.pagination import Page, PageRequest
from services.inventory.domain.derived import stock_id
from services.inventory.domain.reservation import Reservation
from services.inventory.domain.stock import Status, StockRow
from services.inventory.store.expressions import (
    CROSSED,
    FLAG_CROSSING,
    LEVEL,
    MISPLACED,
    alive,
    append_event,
    is_steadily,
)
from services.inventory.store.folding import folded

PLUMBING = {"holds": 0, "movements": 0, "outbox": 0, "adjusted": 0}
ROWS_LIMIT = 1000
HOLDERS_LIMIT = 100
AVAILABLE_LIMIT = 50_000
DUPLICATE_KEY = 11000


class Stock(Store[StockRow]):
    """The collection ``stock``: one document a company, warehouse and SKU, with its holds and its outbox."""

    COLLECTION = "stock"
    MODEL = StockRow
    WHAT = "stock"
    INDEXES = [
        IndexModel([("companyId", 1), ("sku", 1), ("_id", 1)], name="company_sku"),
        IndexModel([("companyId", 1), ("skuKey", 1)], name="company_key"),
        IndexModel([("companyId", 1), ("productId", 1), ("createdAt", -1), ("_id", -1)], name="company_product"),
        IndexModel([("companyId", 1), ("warehouseId", 1), ("sku", 1), ("_id", 1)], name="company_warehouse"),
        IndexModel([("companyId", 1), ("warehouseId", 1), ("createdAt", -1), ("_id", -1)], name="company_place"),
        IndexModel([("companyId", 1), ("level", 1), ("sku", 1), ("_id", 1)], name="company_level"),
        IndexModel([("companyId", 1), ("level", 1), ("createdAt", -1), ("_id", -1)], name="company_level_created"),
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("movementsAt", 1)], name="movements_pending", sparse=True),
        IndexModel([("crossedAt", 1)], name="unannounced", sparse=True),
    ]

    async def take(self, reservation: Reservation, lines: Sequence[StockLine]) -> bool:
        """Hold each line if that much is available, not yet held, and the lease runs. True: all were taken now."""
        return await self._write(
            UpdateOne(
                self._row(line)
                | {
                    "holds.orderId": {"$ne": reservation.order_id},
                    "$expr": {
                        "$and": [
                            {"$gte": [{"$subtract": ["$onHand", "$reserved"]}, line.quantity]},
                            alive(reservation.until),
                        ]
                    },
                },
                {
                    "$inc": {"reserved": line.quantity, "version": 1},
                    "$push": {"holds": {"orderId": reservation.order_id, "quantity": line.quantity}},
                },
            )
            for line in lines
        )

    async def give_back(self, reservation: Reservation, lines: Sequence[StockLine]) -> bool:
        """End the holds of an order, while the lease runs."""
        return await self._write(
            UpdateOne(
                self._held(reservation, line),
                {
                    "$inc": {"reserved": -line.quantity, "version": 1},
                    "$pull": {"holds": {"orderId": reservation.order_id}},
                },
            )
            for line in lines
        )

    async def deduct(self, reservation: Reservation, movements: Mapping[str, dict[str, Any]]) -> bool:
        """Turn each hold into its movement, by stock id, while the lease runs: quantity off, reserved off, entry in."""
        return await self._write(
            UpdateOne(
                self._held(reservation, line),
                {
                    "$inc": {"onHand": -line.quantity, "reserved": -line.quantity, "version": 1},
                    "$pull": {"holds": {"orderId": reservation.order_id}},
                    "$push": {"movements": movements[self.key(line)]},
                    "$min": {"movementsAt": self.ground.clock.now()},
                },
            )
            for line in reservation.lines
        )

    async def move(self, reservation: Reservation, movements: Mapping[str, dict[str, Any]]) -> bool:
        """Enter movements without condition, by stock id, while the lease runs; each only once while it is pending."""
        return await self._write(
            UpdateOne(
                {
                    "_id": key,
                    "companyId": self.company_id,
                    "movements._id": {"$ne": movement["_id"]},
                    "$expr": alive(reservation.until),
                },
                {
                    "$inc": {"onHand": movement["delta"], "version": 1},
                    "$push": {"movements": movement},
                    "$min": {"movementsAt": self.ground.clock.now()},
                },
            )
            for key, movement in movements.items()
        )

    async def held(self, reservation: Reservation) -> list[StockLine]:
        """What the order holds, among everything planned for it."""
        ids = reservation.stock_ids()
        criteria = {"_id": {"$in": ids}, "holds.orderId": reservation.order_id}
        shown = {"sku": 1, "warehouseId": 1, "holds": {"$elemMatch": {"orderId": reservation.order_id}}}
        found = self.collection.find(self.scope(criteria), shown).limit(len(ids))
        return [
            StockLine(sku=row["sku"], warehouse_id=row["warehouseId"], quantity=row["holds"][0]["quantity"])
            async for row in found
        ]

    async def page(self, criteria: dict[str, Any], request: PageRequest) -> Page[StockRow]:
        """One page of rows, without what only the books need: a busy row has hundreds of holds."""
        conditions = [part for part in (criteria, request.filter()) if part]
        found = self.collection.find(self.scope({"$and": conditions} if conditions else {}), PLUMBING)
        found = found.sort([(request.sort, request.direction), ("_id", request.direction)])
        documents = [document async for document in found.limit(request.limit + 1)]
        shown, following = documents[: request.limit], None
        if len(documents) > request.limit:
            following = request.cursor_for(shown[-1].get(request.sort), shown[-1]["_id"])
        return Page(items=[self.from_document(document) for document in shown], next_cursor=following)

    async def holders(self, skus: Sequence[str]) -> list[tuple[str, dict[str | None, int]]]:
        """Who holds how much in each row of these SKUs: its newest holds by order id; None: what is available."""
        shown = {"sku": 1, "onHand": 1, "reserved": 1, "holds": {"$slice": -HOLDERS_LIMIT}}
        rows: list[tuple[str, dict[str | None, int]]] = []
        found = self.collection.find(self.scope({"sku": {"$in": list(skus)}}), shown)
        async for row in found.limit(AVAILABLE_LIMIT):
            held: dict[str | None, int] = {hold["orderId"]: hold["quantity"] for hold in row["holds"]}
            rows.append((row["sku"], {None: row["onHand"] - row["reserved"], **held}))
        return rows

    async def available(self, skus: Sequence[str]) -> dict[tuple[str, str], int]:
        """What is available now, by (warehouse id, SKU)."""
        shown = {"sku": 1, "warehouseId": 1, "onHand": 1, "reserved": 1}
        found = self.collection.find(self.scope({"sku": {"$in": list(skus)}}), shown).limit(AVAILABLE_LIMIT)
        return {(row["warehouseId"], row["sku"]): row["onHand"] - row["reserved"] async for row in found}

    async def rows(self, ids: Sequence[str]) -> list[StockRow]:
        """The rows of these ids, those that exist."""
        found = self.collection.find(self.scope({"_id": {"$in": list(ids)}}), PLUMBING).limit(len(ids))
        return [self.from_document(row) async for row in found]

    async def crossed(self, ids: Sequence[str]) -> list[StockRow]:
        """Those rows whose status is another than the one announced or stored; judged where they lie, mostly none."""
        criteria = {"_id": {"$in": list(ids)}, "$expr": {"$or": [CROSSED, MISPLACED]}}
        found = self.collection.find(self.scope(criteria), PLUMBING).limit(len(ids))
        return [self.from_document(row) async for row in found]

    async def place(self, rows: Sequence[StockRow]) -> None:
        """Store the status of rows where it is another by now, for lists."""
        ids = [row.id for row in rows if row.level != row.status]
        if ids:
            await self.collection.update_many(self.scope({"_id": {"$in": ids}, "$expr": MISPLACED}), [LEVEL])

    async def announce(self, facts: Mapping[str, tuple[StockRow, list[dict[str, Any]], Status]]) -> None:
        """Note each new status with its sealed events, where it still is the status and nobody was faster."""
        now = self.ground.clock.now()
        available = {"available": {"$subtract": ["$onHand", "$reserved"]}}
        await self._write(
            UpdateOne(
                {"_id": key, "announced": row.announced, "$expr": is_steadily(status)},
                [
                    *(append_event(one, available, now) for one in sealed),
                    {"$set": {"announced": status, "crossedAt": "$$REMOVE", "version": {"$add": ["$version", 1]}}},
                ],
            )
            for key, (row, sealed, status) in facts.items()
        )
        await self.offer_stored(facts)

    async def offer_stored(self, ids: Iterable[str]) -> None:
        """Hand to the relay what these rows have not sent yet, with the numbers that the events got when stored."""
        wanted = list(ids)
        found = self.collection.find({"_id": {"$in": wanted}}, {"outbox": 1}).limit(len(wanted))
        async for row in found:
            self.offer(row["_id"], row.get("outbox", []))

    async def ensure(self, rows: Sequence[StockRow]) -> None:
        """Make the rows that are missing; those that exist only learn what they sell."""
        operations = []
        for row in rows:
            document = self.to_document(row) | {"holds": [], "movements": [], "outbox": [], "adjusted": []}
            document["skuKey"] = folded(row.sku)
            known = {name: document.pop(name) for name in ("productId", "variantId")}
            learned = {"$set": known} if row.product_id else {}
            if not row.product_id:
                document |= known
            key = {"_id": document.pop("_id"), "companyId": document.pop("companyId")}
            operations.append(UpdateOne(key, {"$setOnInsert": document, **learned}, upsert=True))
        await self._write(operations)

    async def set_threshold(self, events: Mapping[str, dict[str, Any]], own: int | None, effective: int) -> None:
        """Set the threshold of rows, each with its sealed event; what crosses by it is flagged."""
        now = self.ground.clock.now()
        change = {"lowStockThreshold": own, "threshold": effective, "version": {"$add": ["$version", 1]}}
        await self._write(
            UpdateOne(self.scope({"_id": key}), [{"$set": change}, append_event(sealed, {}, now), FLAG_CROSSING])
            for key, sealed in events.items()
        )
        await self.offer_stored(events)

    async def follow_company(self, threshold: int) -> None:
        """Take over the company's threshold where a row has none of its own; what crosses by it is flagged."""
        criteria = {"lowStockThreshold": None, "threshold": {"$ne": threshold}}
        change = {"threshold": threshold, "version": {"$add": ["$version", 1]}}
        await self._write([UpdateMany(self.scope(criteria), [{"$set": change}, FLAG_CROSSING])])

    async def flagged(self, criteria: dict[str, Any], limit: int) -> list[StockRow]:
        """Rows flagged as crossed and not announced yet."""
        found = self.collection.find(self.scope({"crossedAt": {"$exists": True}, **criteria}), PLUMBING)
        return [self.from_document(row) async for row in found.sort("crossedAt", 1).limit(limit)]

    async def unflag(self, rows: Sequence[StockRow]) -> None:
        """Take the flag from rows that turned out to have nothing to announce."""
        calm = {"$expr": {"$not": [CROSSED]}}
        await self._write(UpdateOne({"_id": row.id, **calm}, {"$unset": {"crossedAt": ""}}) for row in rows)

    def key(self, line: StockLine) -> str:
        """The stock id of a line."""
        return stock_id(self.company_id, line.warehouse_id, line.sku)

    def _row(self, line: StockLine) -> dict[str, Any]:
        return {"_id": self.key(line), "companyId": self.company_id}

    def _held(self, reservation: Reservation, line: StockLine) -> dict[str, Any]:
        hold = {"orderId": reservation.order_id, "quantity": line.quantity}
        return self._row(line) | {"holds": {"$elemMatch": hold}, "$expr": alive(reservation.until)}

    async def _write(self, operations: Iterable[UpdateOne | UpdateMany]) -> bool:
        """One unordered bulk write. True when each operation changed something."""
        batch = list(operations)
        if not batch:
            return True
        try:
            result = await self.collection.bulk_write(batch, ordered=False)
        except BulkWriteError as error:
            if any(problem["code"] != DUPLICATE_KEY for problem in error.details["writeErrors"]):
                raise
            return False  # two copies made the same row at once; both find it there
        return result.modified_count == len(batch)
