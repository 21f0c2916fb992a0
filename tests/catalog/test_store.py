"""What the stores promise, on the real database."""

from datetime import UTC, datetime
from typing import Any

import pytest

from common.errors import Conflict
from common.ids import new_id
from common.money import Money
from common.testing import Harness
from services.catalog.domain.cart import Cart, new_token
from services.catalog.domain.filter import ProductFilter
from services.catalog.domain.product import Product, ProductDraft
from services.catalog.domain.stock import StockFlag
from services.catalog.store.carts import Carts, SavedCarts
from services.catalog.store.product_filter import criteria_of
from services.catalog.store.products import Products

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def product(company_id: str, sku: str, **fields: Any) -> Product:
    draft = ProductDraft(sku=sku, name=sku, price=Money(amount=100, currency="EUR"), **fields)
    return Product.create(draft, product_id=new_id("prd"), company_id=company_id, currency="EUR", now=NOW)


class TestInsertEach:
    async def test_takes_the_good_ones_and_names_the_others(self, catalog: Harness) -> None:
        company = new_id("cmp")
        products = Products(catalog.runtime.ground).for_company(company)
        batch = [product(company, sku) for sku in ("A", "B", "A", "C")]
        refused = await products.insert_each(batch)
        assert {place: type(error) for place, error in refused.items()} == {2: Conflict}
        found = await products.by_ids([made.id for made in batch])
        assert {made.sku: made.sequence for made in found.values()} == {"A": 1, "B": 1, "C": 1}
        assert batch[2].id not in found
        await catalog.events.wait_for("product.created", lambda e: e.company_id == company, count=3)


class TestStockFlag:
    async def test_an_edit_and_an_announcement_do_not_undo_each_other(self, catalog: Harness) -> None:
        company = new_id("cmp")
        products = Products(catalog.runtime.ground).for_company(company)
        made = await products.insert(product(company, "A"))
        loaded = await products.get(made.id)
        await products.set_stock_flag(StockFlag(sku="A", warehouse_id="w", status="in_stock", sequence=2))
        await products.set_stock_flag(StockFlag(sku="A", warehouse_id="w", status="out_of_stock", sequence=1))
        loaded.edit({"name": "Renamed"}, "EUR")
        await products.save(loaded)
        after = await products.get(made.id)
        assert (after.name, after.version, after.stock_status, after.in_stock) == ("Renamed", 2, "in_stock", True)


class TestFilter:
    @pytest.mark.parametrize(
        "narrowed",
        [
            ProductFilter(statuses=["active"]),
            ProductFilter(min_price=1, max_price=200),
            ProductFilter(facets=[("color", ["color=red"])]),
            ProductFilter(category_ids=["cat_1"]),
            ProductFilter(in_stock=True),
            ProductFilter(stock_status="low_stock"),
            ProductFilter(slug="a-mug"),
            ProductFilter(min_price=1, within=ProductFilter(ids=["prd_1"])),
        ],
    )
    async def test_is_answered_by_an_index_that_begins_with_the_company(
        self, catalog: Harness, narrowed: ProductFilter
    ) -> None:
        products = Products(catalog.runtime.ground).for_company(new_id("cmp"))
        plan = await products.collection.find(products.scope(criteria_of(narrowed))).explain()
        stages = str(plan["queryPlanner"]["winningPlan"])
        assert "IXSCAN" in stages
        assert "COLLSCAN" not in stages

    @pytest.mark.parametrize("sort", ["createdAt", "updatedAt", "price.amount", "nameKey"])
    async def test_is_sorted_by_an_index_too(self, catalog: Harness, sort: str) -> None:
        products = Products(catalog.runtime.ground).for_company(new_id("cmp"))
        for direction in (1, -1):
            plan = (
                await products.collection.find(products.scope()).sort([(sort, direction), ("_id", direction)]).explain()
            )
            stages = str(plan["queryPlanner"]["winningPlan"])
            assert "IXSCAN" in stages
            assert "'SORT'" not in stages

    async def test_timers_and_saved_carts_are_found_by_an_index(self, catalog: Harness) -> None:
        saved = SavedCarts(catalog.runtime.ground).for_company(new_id("cmp"))
        carts = Carts(catalog.runtime.ground)
        for found in (
            saved.collection.find(saved.scope({"ownerId": "usr_1"})).sort([("createdAt", -1), ("_id", -1)]),
            carts.collection.find({"remindAt": {"$lte": NOW}}).sort("remindAt", 1),
        ):
            stages = str((await found.explain())["queryPlanner"]["winningPlan"])
            assert "IXSCAN" in stages
            assert "'SORT'" not in stages


class TestCarts:
    async def test_two_first_calls_make_one_cart(self, catalog: Harness) -> None:
        company, token = new_id("cmp"), new_token()
        carts = Carts(catalog.runtime.ground).for_company(company)
        await carts.insert(Cart.open_for_token(token, company, NOW))
        with pytest.raises(Conflict):
            await carts.insert(Cart.open_for_token(token, company, NOW))

    async def test_expire_when_they_are_abandoned(self, catalog: Harness) -> None:
        indexes = await catalog.runtime.database["carts"].index_information()
        assert indexes["expiry"]["expireAfterSeconds"] == 0

    async def test_never_hold_the_token(self, catalog: Harness) -> None:
        company, token = new_id("cmp"), new_token()
        carts = Carts(catalog.runtime.ground).for_company(company)
        await carts.insert(Cart.open_for_token(token, company, NOW))
        assert token not in str(await carts.collection.find_one({"companyId": company}))
