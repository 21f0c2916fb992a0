"""Reading rollups along one dimension."""

from typing import Any, Literal

from pymongo.asynchronous.database import AsyncDatabase

from services.analytics.domain import CustomerFigures, Dimension, Range, Slice, Sums, within
from services.analytics.store.rollups import PARTS_SUMMED, SLICES_LIMIT, SUMMED, Rollups

Measure = Literal["revenue", "units"]


class Reports:
    """Sums over a range; ``criteria`` always name the company."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._days = database[Rollups.DAYS]
        self._products = database[Rollups.PRODUCTS]
        self._parts = database[Rollups.PARTS]
        self._customers = database[Rollups.CUSTOMERS]

    async def totals(self, criteria: dict[str, Any], days: Range) -> Sums:
        """All of the range."""
        found = await self._slices(self._days, {**criteria, "day": within(days)}, None, SUMMED, {"_id": 1})
        return found[0].sums if found else Sums()

    async def by_day(self, criteria: dict[str, Any], days: Range) -> list[Slice]:
        """A slice a day on which anything happened, in order."""
        return await self._slices(self._days, {**criteria, "day": within(days)}, "$day", SUMMED, {"_id": 1})

    async def by_shop(self, criteria: dict[str, Any], days: Range) -> list[Slice]:
        """A slice a shop, the largest first; what belongs to none stands under the empty key."""
        order = {"revenue": -1, "_id": 1}
        return await self._slices(self._days, {**criteria, "day": within(days)}, "$shopId", SUMMED, order)

    async def parts(self, criteria: dict[str, Any], days: Range, dimension: Dimension) -> list[Slice]:
        """A slice a value of the dimension, the largest first."""
        match = {**criteria, "dimension": dimension, "day": within(days)}
        order = {"revenue": -1, "amount": -1, "count": -1, "_id": 1}
        return await self._slices(self._parts, match, "$value", PARTS_SUMMED, order)

    async def parts_by_day(
        self, criteria: dict[str, Any], days: Range, dimension: Dimension
    ) -> dict[str, dict[str, Sums]]:
        """By day, then by value of the dimension."""
        match = {**criteria, "dimension": dimension, "day": within(days)}
        key = {"$concat": ["$day", "|", "$value"]}
        found: dict[str, dict[str, Sums]] = {}
        for each in await self._slices(self._parts, match, key, PARTS_SUMMED, {"_id": 1}):
            day, _, value = each.key.partition("|")
            found.setdefault(day, {})[value] = each.sums
        return found

    async def products(
        self, criteria: dict[str, Any], days: Range, measure: Measure, *, best_first: bool, limit: int
    ) -> list[tuple[str, Slice]]:
        """``(sku, slice)`` of products that were sold in the range, by what they brought in or how many left."""
        pipeline: list[dict[str, Any]] = [
            {"$match": {**criteria, "day": within(days)}},
            {
                "$group": {
                    "_id": "$productId",
                    "units": {"$sum": "$units"},
                    "revenue": {"$sum": "$revenue"},
                    "latest": {"$max": {"day": "$day", "sku": "$sku", "name": "$name"}},
                }
            },
            {"$sort": {measure: -1 if best_first else 1, "_id": 1}},
            {"$limit": limit},
        ]
        return [
            (
                row["latest"]["sku"],
                Slice(row["_id"], Sums(row["revenue"], units=row["units"]), row["latest"]["name"]),
            )
            async for row in await self._products.aggregate(pipeline)
        ]

    async def product_by_day(self, criteria: dict[str, Any], days: Range) -> list[Slice]:
        """A slice a day on which the product was sold, in order."""
        match = {**criteria, "day": within(days)}
        return await self._slices(self._products, match, "$day", ("revenue", "units"), {"_id": 1})

    async def customer(self, company_id: str, customer_id: str) -> CustomerFigures | None:
        """One customer's figures; None for one of whom nothing was counted."""
        found = await self._customers.find_one({"_id": f"{company_id}|{customer_id}", "companyId": company_id})
        if found is None:
            return None
        return CustomerFigures(
            customer_id,
            None,
            found["orders"],
            found["units"],
            found["revenue"],
            found.get("firstAt"),
            found.get("lastAt"),
        )

    async def _slices(
        self, collection: Any, match: dict[str, Any], key: Any, summed: tuple[str, ...], order: dict[str, int]
    ) -> list[Slice]:
        pipeline: list[dict[str, Any]] = [
            {"$match": match},
            {"$group": {"_id": key, **{name: {"$sum": f"${name}"} for name in summed}}},
            {"$sort": order},
            {"$limit": SLICES_LIMIT},
        ]
        rows = [row async for row in await collection.aggregate(pipeline)]
        return [Slice(row["_id"] or "", Sums(**{name: row[name] for name in summed})) for row in rows]
