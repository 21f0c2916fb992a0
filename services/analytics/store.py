"""Rollups in MongoDB: one document a company, day and shop, and one for each product beneath it."""

from collections.abc import Sequence
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
    IndexModel([("day", 1)], name="day"),
]

Counted = tuple[str, Region, Effect]
"""An event's id, whose it is, and what it adds."""


class Rollups:
    """The collections ``daily_sales`` and ``daily_products``; amounts are integers in minor units."""

    DAYS = "daily_sales"
    PRODUCTS = "daily_products"

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
        self._positions = positions

    async def add(self, batch: FeedBatch, counted: Sequence[Counted], at: Any) -> int:
        """Add what was not added before, with its event ids and the feed's position, in one commit.

        Returns how many events were new. Raises Fenced when another copy of the service has taken over.
        """

        async def commit(session: Session) -> int:
            await self._positions.advance(WATCHER, batch.position, fence=batch.fence, session=session)
            fresh = await self._fresh(counted, session)
            if fresh:
                await self._inbox.insert_many([{"_id": each, "at": at} for each in fresh], session=session)
                await self._write(_tallies(fresh.values()), session)
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
        days = [update for tally in tallies for update in _day_updates(tally)]
        products = [update for tally in tallies for update in _product_updates(tally)]
        await self._days.bulk_write(days, ordered=False, session=session)
        if products:
            await self._products.bulk_write(products, ordered=False, session=session)

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


def _tallies(fresh: Any) -> list[Tally]:
    tallies: dict[str, Tally] = {}
    for region, effect in fresh:
        tallies.setdefault(region.company_id, Tally(region)).add(effect)
    return list(tallies.values())


def _day_updates(tally: Tally) -> list[UpdateOne]:
    region = tally.region
    return [
        UpdateOne(
            {"_id": f"{region.company_id}|{day}|{shop_id or ''}"},
            {
                "$inc": {
                    "revenue": figures.revenue,
                    "orders": figures.orders,
                    "units": figures.units,
                    "refunds": figures.refunds,
                },
                "$setOnInsert": {
                    "companyId": region.company_id,
                    "day": day,
                    "shopId": shop_id,
                    "currency": region.currency,
                },
            },
            upsert=True,
        )
        for (day, shop_id), figures in tally.days.items()
    ]


def _product_updates(tally: Tally) -> list[UpdateOne]:
    region = tally.region
    return [
        UpdateOne(
            {"_id": f"{region.company_id}|{day}|{shop_id or ''}|{product_id}"},
            {
                "$inc": {"units": product.units, "revenue": product.revenue},
                "$set": {"sku": product.sku, "name": product.name},
                "$setOnInsert": {
                    "companyId": region.company_id,
                    "day": day,
                    "shopId": shop_id,
                    "productId": product_id,
                    "currency": region.currency,
                },
            },
            upsert=True,
        )
        for ((day, shop_id), product_id), product in tally.products.items()
    ]
