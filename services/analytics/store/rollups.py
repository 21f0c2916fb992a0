"""Rollups in MongoDB: one document a company, day and shop; beneath it one a product, and one a part of the day.

Beside them one a customer. Amounts are integers in minor units.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pymongo import AsyncMongoClient, IndexModel, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase

from common.messaging.feed import FeedBatch
from common.messaging.positions import FeedPositions
from common.mongo.transactions import Session, transact
from services.analytics.domain import Day, Effect, Range, Region, Tally, TopProduct, within

WATCHER = "analytics"
TOP_LIMIT = 10

DAY_INDEXES = [
    IndexModel([("companyId", 1), ("day", 1), ("shopId", 1)], name="company_day_shop", unique=True),
    IndexModel([("day", 1)], name="day"),
]
PRODUCT_INDEXES = [
    IndexModel([("companyId", 1), ("day", 1), ("shopId", 1), ("productId", 1)], name="company_day_shop_product"),
    IndexModel([("companyId", 1), ("productId", 1), ("day", 1)], name="company_product_day"),
    IndexModel([("day", 1)], name="day"),
]
PART_INDEXES = [
    IndexModel([("companyId", 1), ("dimension", 1), ("day", 1), ("shopId", 1)], name="company_dimension_day_shop"),
]
CUSTOMER_INDEXES = [IndexModel([("companyId", 1), ("revenue", -1), ("_id", 1)], name="company_revenue")]

SUMMED = ("revenue", "orders", "units", "refunds")
PARTS_SUMMED = (*SUMMED, "count", "amount")
SLICES_LIMIT = 1200

Counted = tuple[str, Region, Effect]
"""An event's id, whose it is, and what it adds."""


class Rollups:
    """The collections ``daily_sales``, ``daily_products``, ``daily_parts`` and ``customer_sales``."""

    DAYS = "daily_sales"
    PRODUCTS = "daily_products"
    PARTS = "daily_parts"
    CUSTOMERS = "customer_sales"

    def __init__(
        self,
        client: AsyncMongoClient[dict[str, Any]],
        database: AsyncDatabase[dict[str, Any]],
        positions: FeedPositions,
    ) -> None:
        self._client = client
        self._inbox = database["inbox"]
        self._days = database[self.DAYS]
        self._products = database[self.PRODUCTS]
        self._parts = database[self.PARTS]
        self._customers = database[self.CUSTOMERS]
        self._positions = positions

    async def add(
        self, batch: FeedBatch, counted: Sequence[Counted], at: Any, categories: Mapping[str, str] | None = None
    ) -> int:
        """Add what was not added before, with its event ids and the feed's position, in one commit.

        ``categories``: how the products in it are filed.
        Returns how many events were new. Raises Fenced when another copy of the service has taken over.
        """

        async def commit(session: Session) -> int:
            await self._positions.advance(WATCHER, batch.position, fence=batch.fence, session=session)
            fresh = await self._fresh(counted, session)
            if fresh:
                await self._inbox.insert_many([{"_id": each, "at": at} for each in fresh], session=session)
                await self._write(_tallies(fresh.values(), categories or {}), session)
            return len(fresh)

        return await transact(self._client, commit)

    async def _fresh(self, counted: Sequence[Counted], session: Session) -> dict[str, tuple[Region, Effect]]:
        if not counted:
            return {}
        ids = [event_id for event_id, _, _ in counted]
        cursor = self._inbox.find({"_id": {"$in": ids}}, session=session).limit(len(ids))
        known = {document["_id"] async for document in cursor}
        return {event_id: (region, effect) for event_id, region, effect in counted if event_id not in known}

    async def _write(self, tallies: Sequence[Tally], session: Session) -> None:
        written = (
            (self._days, _day_updates),
            (self._products, _product_updates),
            (self._parts, _part_updates),
            (self._customers, _customer_updates),
        )
        for collection, updates_of in written:
            updates = [update for tally in tallies for update in updates_of(tally)]
            if updates:
                await collection.bulk_write(updates, ordered=False, session=session)

    async def by_day(self, criteria: dict[str, Any], days: Range) -> dict[str, list[Day]]:
        """The days on which anything happened, in order, by currency."""
        sums = {name: {"$sum": f"${name}"} for name in ("revenue", "orders", "units", "refunds")}
        pipeline: list[dict[str, Any]] = [
            {"$match": {**criteria, "day": within(days)}},
            {"$group": {"_id": {"currency": "$currency", "day": "$day"}, **sums}},
            {"$sort": {"_id.day": 1}},
        ]
        found: dict[str, list[Day]] = {}
        async for row in await self._days.aggregate(pipeline):
            key = row.pop("_id")
            found.setdefault(key["currency"], []).append(Day(key["day"], **row))
        return found

    async def top_products(self, criteria: dict[str, Any], days: Range, currency: str) -> list[TopProduct]:
        """The ten products that brought in most."""
        pipeline: list[dict[str, Any]] = [
            {"$match": {**criteria, "day": within(days), "currency": currency}},
            {
                "$group": {
                    "_id": "$productId",
                    "units": {"$sum": "$units"},
                    "revenue": {"$sum": "$revenue"},
                    "latest": {"$max": {"day": "$day", "sku": "$sku", "name": "$name"}},
                }
            },
            {"$sort": {"revenue": -1, "_id": 1}},
            {"$limit": TOP_LIMIT},
        ]
        return [
            TopProduct(row["_id"], row["latest"]["sku"], row["latest"]["name"], row["units"], row["revenue"])
            async for row in await self._products.aggregate(pipeline)
        ]


def _tallies(fresh: Iterable[tuple[Region, Effect]], categories: Mapping[str, str]) -> list[Tally]:
    tallies: dict[str, Tally] = {}
    for region, effect in fresh:
        tallies.setdefault(region.company_id, Tally(region, categories)).add(effect)
    return list(tallies.values())


def _day_updates(tally: Tally) -> list[UpdateOne]:
    return [
        _added(tally.region, (day, shop_id), {"day": day, "shopId": shop_id}, asdict(figures))
        for (day, shop_id), figures in tally.days.items()
    ]


def _product_updates(tally: Tally) -> list[UpdateOne]:
    return [
        _added(
            tally.region,
            (day, shop_id, product_id),
            {"day": day, "shopId": shop_id, "productId": product_id},
            {"units": product.units, "revenue": product.revenue},
            {"$set": {"sku": product.sku, "name": product.name}},
        )
        for ((day, shop_id), product_id), product in tally.products.items()
    ]


def _part_updates(tally: Tally) -> list[UpdateOne]:
    return [
        _added(
            tally.region,
            (day, shop_id, dimension, value),
            {"day": day, "shopId": shop_id, "dimension": dimension, "value": value},
            asdict(figures),
        )
        for ((day, shop_id), dimension, value), figures in tally.parts.items()
    ]


def _customer_updates(tally: Tally) -> list[UpdateOne]:
    updates = []
    for customer_id, sums in tally.customers.items():
        instants: dict[str, Any] = {}
        if sums.first_at is not None:
            instants = {"$min": {"firstAt": sums.first_at}, "$max": {"lastAt": sums.last_at}}
        added = {"orders": sums.orders, "units": sums.units, "revenue": sums.revenue}
        updates.append(_added(tally.region, (customer_id,), {"customerId": customer_id}, added, instants))
    return updates


def _added(
    region: Region,
    key: Sequence[str | None],
    fixed: dict[str, Any],
    sums: dict[str, int],
    more: dict[str, Any] | None = None,
) -> UpdateOne:
    """Add ``sums`` to the rollup of ``key``, which is made at its first use."""
    fixed = {"companyId": region.company_id, "currency": region.currency, **fixed}
    change: dict[str, Any] = {"$inc": sums, "$setOnInsert": fixed, **(more or {})}
    return UpdateOne({"_id": "|".join((region.company_id, *(part or "" for part in key)))}, change, upsert=True)
