"""Lists of orders: filters, sorting, search, counts; each served by an index."""

from typing import Any

import httpx2
import pytest

from common.ids import new_id
from common.pagination import page_request
from services.sales.service.filters import Filters
from services.sales.store import Orders
from tests.sales.conftest import ADDRESS, Trade, open_trade

pytestmark = pytest.mark.asyncio(loop_scope="module")

SORTABLE = ("placedAt", "number", "total", "createdAt")


async def ids(client: httpx2.AsyncClient, path: str = "/api/orders", **query: Any) -> list[str]:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [order["id"] for order in answer.json()["items"]]


class TestFilters:
    async def test_find_what_they_name(self, trade: Trade) -> None:
        shirt = {"productId": trade.shirt, "variantId": trade.small, "quantity": 2}
        async with trade.staff() as staff:
            mugs = await trade.place(staff, email="Ann@example.com", shopId=trade.shop)
            shirts = await trade.place(staff, items=[shirt], payment={"method": "cash_on_delivery"})
            found = {
                "email": await ids(staff, email="ANN@example.com"),
                "number": await ids(staff, number=mugs["number"].lower()),
                "sku": await ids(staff, sku="SHIRT-S"),
                "shop": await ids(staff, shopId=trade.shop),
                "method": await ids(staff, paymentMethod="cash_on_delivery"),
                "least": await ids(staff, minTotal=2001),
                "most": await ids(staff, maxTotal=2000),
                "both": await ids(staff, minTotal=2000, maxTotal=2000, status="pending"),
                "none": await ids(staff, sku="shirt-s"),
                "paid": await ids(staff, paymentStatus="paid"),
            }
            for query in ({"minTotal": -1}, {"minTotal": "x"}, {"paymentMethod": "barter"}, {"shopId": "x"}):
                answer = await staff.get("/api/orders", params=query)
                assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query"), query
        first, second = [mugs["id"]], [shirts["id"]]
        assert found == {
            "email": first,
            "number": first,
            "sku": second,
            "shop": first,
            "method": second,
            "least": second,
            "most": first,
            "both": first,
            "none": [],
            "paid": [],
        }

    async def test_search_by_number_address_and_each_word_of_a_name(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            order = await trade.place(
                staff, email="zoe@example.com", shippingAddress={**ADDRESS, "name": "Ærø van der Berg"}
            )
            await trade.place(staff, email="bo@example.com")
            for search in (order["number"], order["number"].lower(), "ZOE@", "ærø V", "berg", "van der"):
                assert await ids(staff, search=search) == [order["id"]], search
            for search in ("erg", ".*", "example", "$gt"):
                assert await ids(staff, search=search) == [], search
        assert order["customerName"] == "Ærø van der Berg"

    async def test_never_show_another_shop_or_company(self, trade: Trade) -> None:
        other = await open_trade(trade.sales)
        async with trade.staff() as staff, other.staff() as stranger:
            order = await trade.place(staff, shopId=trade.shop)
            assert await ids(stranger, number=order["number"]) == await ids(stranger, shopId=trade.shop) == []
        async with trade.staff("shop_manager", shop_ids=[new_id("shp")]) as elsewhere:
            assert await ids(elsewhere) == await ids(elsewhere, number=order["number"]) == []
            assert (await elsewhere.get("/api/orders", params={"shopId": trade.shop})).status_code == 404
            counted = (await elsewhere.get("/api/orders/statistics")).json()
            assert counted["orders"] == 0
            foreign = await elsewhere.get("/api/orders/statistics", params={"shopId": trade.shop})
            assert foreign.status_code == 404
        async with trade.staff("shop_manager", shop_ids=[trade.shop]) as here:
            assert await ids(here) == [order["id"]]
        async with trade.customer(new_id("cus")) as customer:
            assert await ids(customer, number=order["number"]) == []


class TestSorting:
    async def test_by_total_pages_without_gap_or_repeat_while_orders_come_in(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            placed = [await trade.place(staff, items=[trade.line(quantity)]) for quantity in (3, 1, 2, 2, 5)]
            by_total = sorted(placed, key=lambda order: (order["totals"]["grandTotal"]["amount"], order["id"]))
            wanted = [order["id"] for order in by_total]
            seen: list[str] = []
            cursor = None
            while True:
                query = httpx2.QueryParams({"sort": "total", "limit": 2, **({"cursor": cursor} if cursor else {})})
                page = (await staff.get("/api/orders", params=query)).json()
                seen += [order["id"] for order in page["items"]]
                await trade.place(staff, items=[trade.line(1)], placedAt="2011-01-04T10:00:00Z")
                cursor = page["nextCursor"]
                if cursor is None or len(seen) > 20:
                    break
            assert [order_id for order_id in seen if order_id in wanted] == wanted
            assert len(seen) == len(set(seen))
            assert (await ids(staff, sort="-total", limit=1)) == [wanted[-1]]
            assert (await ids(staff, sort="number", limit=1)) == [min(placed, key=lambda o: o["number"])["id"]]


class TestShortcuts:
    async def test_recent_pending_and_high_value(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            small = await trade.place(staff)
            large = await trade.place(staff, items=[trade.line(100)])
            lost = await trade.place(staff, items=[trade.line(200)])
            await staff.post(f"/api/orders/{lost['id']}/cancel")
            assert await ids(staff, "/api/orders/recent") == [lost["id"], large["id"], small["id"]]
            assert await ids(staff, "/api/orders/recent", limit=1) == [lost["id"]]
            assert await ids(staff, "/api/orders/pending") == [large["id"], small["id"]]
            assert await ids(staff, "/api/orders/high_value") == [large["id"]]
            assert await ids(staff, "/api/orders/high_value", minTotal=2000, sort="-total") == [
                large["id"],
                small["id"],
            ]
            assert (await staff.get("/api/orders/high_value", params={"colour": "red"})).status_code == 422
        async with trade.customer() as customer:
            for name in ("recent", "pending", "high_value", "statistics", "views"):
                assert (await customer.get(f"/api/orders/{name}")).status_code == 403, name


class TestStatistics:
    async def test_counts_by_where_orders_stand(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            sold = await trade.place(staff, payment={"method": "cash_on_delivery"})
            await trade.reserve(sold["id"])
            await trade.when(staff, sold["id"], status="confirmed")
            await trade.place(staff, items=[trade.line(3)])
            await trade.place(staff, placedAt="2011-01-04T10:00:00Z")
            now = (await staff.get("/api/orders/statistics")).json()
            old = (await staff.get("/api/orders/statistics", params={"from": "2011-01-04", "to": "2011-01-04"})).json()
            never = (await staff.get("/api/orders/statistics", params={"to": "2010-01-01"})).json()
            wrong = await staff.get("/api/orders/statistics", params={"since": "2011-01-04"})
        gbp = {"currency": "GBP"}
        assert (now["orders"], now["total"], now["revenue"]) == (2, {"amount": 5000, **gbp}, {"amount": 2000, **gbp})
        assert now["averageOrderValue"] == {"amount": 2000, **gbp}
        assert now["byStatus"] == [
            {"value": "confirmed", "orders": 1, "total": {"amount": 2000, **gbp}},
            {"value": "pending", "orders": 1, "total": {"amount": 3000, **gbp}},
        ]
        assert [(row["value"], row["orders"]) for row in now["byFulfilmentStatus"]] == [
            ("reserved", 1),
            ("unfulfilled", 1),
        ]
        assert [row["value"] for row in now["byChannel"]] == ["staff"]
        assert (old["orders"], old["from"], old["to"]) == (1, "2011-01-04T00:00:00Z", "2011-01-05T00:00:00Z")
        assert (never["orders"], never["averageOrderValue"]["amount"]) == (0, 0)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_query")


PLAIN: list[tuple[dict[str, Any], str | None]] = [
    ({}, None),
    ({}, "placedAt"),
    ({}, "-number"),
    ({}, "total"),
    ({"status": "pending"}, None),
    ({"customer_id": "cus_1"}, None),
    ({"shop_id": "shp_1"}, None),
    ({"email": "ann@example.com"}, None),
    ({"sku": "MUG"}, None),
    ({"channel": "web"}, None),
    ({"payment_status": "paid"}, None),
    ({"payment_method": "card"}, None),
    ({"begin": "2026-01-01"}, "-placedAt"),
    ({"min_total": 100_000}, "-total"),
]


class TestIndexes:
    @pytest.mark.parametrize(("filters", "sort"), PLAIN)
    @pytest.mark.parametrize("shops", [0, 2])
    async def test_serve_and_sort_each_list(
        self, trade: Trade, filters: dict[str, Any], sort: str | None, shops: int
    ) -> None:
        criteria = await Filters(**filters).criteria(trade.company, trade.sales.service.copies)
        if shops:
            criteria = (
                {"$and": [{"shopId": {"$in": ["shp_1", "shp_2"]}}, criteria]}
                if criteria
                else {"shopId": {"$in": ["shp_1", "shp_2"]}}
            )
        plan = await plan_of(trade, criteria, sort)
        assert "COLLSCAN" not in plan and "IXSCAN" in plan, plan
        assert "'SORT'" not in plan, plan

    @pytest.mark.parametrize("filters", [{"search": "ann"}, {"number": "SO-1"}])
    async def test_serve_what_finds_few(self, trade: Trade, filters: dict[str, Any]) -> None:
        criteria = await Filters(**filters).criteria(trade.company, trade.sales.service.copies)
        plan = await plan_of(trade, criteria, None)
        assert "COLLSCAN" not in plan and "IXSCAN" in plan, plan


async def plan_of(trade: Trade, criteria: dict[str, Any], sort: str | None) -> str:
    store = Orders(trade.sales.runtime.ground).for_company(trade.company)
    page = page_request(20, None, sort, SORTABLE)
    cursor = store.collection.find(store.scope(criteria)).limit(21)
    plan = await cursor.sort([(page.sort, page.direction), ("_id", page.direction)]).explain()
    return str(plan["queryPlanner"]["winningPlan"])
