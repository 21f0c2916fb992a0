"""Carts on the real servers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from common.events.orders import OrderCreated
from common.ids import new_id
from common.money import Money
from common.testing import Harness
from services.catalog.domain.cart import Cart, new_token
from services.catalog.store.carts import Carts
from tests.catalog.conftest import NewCompany, eventually, made, variants_body

pytestmark = pytest.mark.asyncio(loop_scope="module")


def order_created(cart_id: str) -> OrderCreated:
    now = datetime.now(UTC)
    return OrderCreated(
        order_id=new_id("ord"),
        number="1",
        channel="web",
        cart_id=cart_id,
        lines=[],
        total=Money(amount=1, currency="EUR"),
        placed_at=now,
        deadline_at=now + timedelta(minutes=15),
    )


async def put(client: httpx2.AsyncClient, product_id: str, quantity: int = 1, **more: Any) -> httpx2.Response:
    headers = {"X-Cart-Token": more.pop("token")} if more.get("token") else {}
    body = {"productId": product_id, "quantity": quantity, **more}
    return await client.post("/api/cart/items", json=body, headers=headers)


async def _is_empty(client: httpx2.AsyncClient) -> bool:
    return not (await client.get("/api/cart")).json()["items"]


class TestAnonymous:
    async def test_holds_what_was_put_in_behind_its_token(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            mug = await made(admin, "MUG", 1000)
            bowl = await made(admin, "BOWL", 250)
        async with catalog.client(tenant=company) as shopper:
            empty = await shopper.get("/api/cart")
            token = empty.headers["x-cart-token"]
            await put(shopper, mug["id"], 2, token=token)
            await put(shopper, bowl["id"], 1, token=token)
            added = await put(shopper, mug["id"], 1, token=token)
            stranger = await shopper.get("/api/cart")
        assert (empty.status_code, empty.json()["items"], empty.json()["token"]) == (200, [], token)
        cart = added.json()
        assert added.headers["x-cart-token"] == cart["token"] == token
        assert [(line["sku"], line["quantity"], line["total"]["amount"]) for line in cart["items"]] == [
            ("MUG", 3, 3000),
            ("BOWL", 1, 250),
        ]
        assert cart["totals"]["grandTotal"] == {"amount": 3250, "currency": "EUR"}
        assert stranger.json()["items"] == []
        assert stranger.headers["x-cart-token"] != token

    async def test_sets_removes_and_empties(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            mug, bowl = await made(admin, "MUG", 1000), await made(admin, "BOWL", 250)
        async with catalog.client(tenant=company) as shopper:
            first = await put(shopper, mug["id"], 2)
            shopper.headers["x-cart-token"] = first.headers["x-cart-token"]
            line_id = first.json()["items"][0]["id"]
            await put(shopper, bowl["id"], 1)
            by_product = await shopper.patch("/api/cart/items", json={"productId": mug["id"], "quantity": 5})
            by_line = await shopper.patch(f"/api/cart/items/{line_id}", json={"quantity": 7})
            absent = await shopper.patch("/api/cart/items", json={"productId": "prd_none", "quantity": 5})
            without = await shopper.patch("/api/cart/items", json={"productId": mug["id"], "quantity": 0})
            await put(shopper, mug["id"], 1)
            removed = await shopper.delete("/api/cart/items", params={"productId": bowl["id"]})
            emptied = await shopper.delete("/api/cart/items")
            unknown = await shopper.delete("/api/cart/items", params={"product": "x"})
        assert by_product.json()["items"][0] | {"quantity": 5, "id": line_id} == by_product.json()["items"][0]
        assert by_line.json()["items"][0]["quantity"] == 7
        assert absent.status_code == 404
        assert [line["sku"] for line in without.json()["items"]] == ["BOWL"]
        assert [line["sku"] for line in removed.json()["items"]] == ["MUG"]
        assert emptied.json()["items"] == []
        assert emptied.json()["totals"]["grandTotal"]["amount"] == 0
        assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_query")

    async def test_refuses_what_cannot_be_bought(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            shirt = await made(admin, "SHIRT", **variants_body())
            draft = await made(admin, "DRAFT", status="draft")
        async with catalog.client(tenant=company) as shopper:
            required = await put(shopper, shirt["id"])
            wrong = await put(shopper, shirt["id"], variantId="var_other")
            hidden = await put(shopper, draft["id"])
            none = await put(shopper, shirt["id"], 0, variantId=shirt["variants"][0]["id"])
            taken = await put(shopper, shirt["id"], 2, variantId=shirt["variants"][0]["id"])
        assert (required.status_code, required.json()["code"]) == (422, "variant_required")
        assert [wrong.status_code, hidden.status_code, none.status_code] == [404, 404, 422]
        line = taken.json()["items"][0]
        assert (line["sku"], line["unitPrice"]["amount"], line["available"]) == ("SHIRT-S", 900, False)

    async def test_shows_todays_prices_and_what_is_gone(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            shirt = await made(admin, "SHIRT", **variants_body())
            mug = await made(admin, "MUG", 1000)
            async with catalog.client(tenant=company) as shopper:
                first = await put(shopper, mug["id"], 2)
                shopper.headers["x-cart-token"] = first.headers["x-cart-token"]
                await put(shopper, shirt["id"], 1, variantId=shirt["variants"][0]["id"])
                await admin.patch(f"/api/products/{mug['id']}", json={"price": {"amount": 900, "currency": "EUR"}})
                await admin.patch(f"/api/products/{shirt['id']}", json={"variants": None})
                cart = (await shopper.get("/api/cart")).json()
        assert [(line["sku"], line["total"]["amount"]) for line in cart["items"]] == [("MUG", 1800), ("SHIRT-S", 0)]
        assert [line["available"] for line in cart["items"]] == [False, False]
        assert cart["totals"]["grandTotal"]["amount"] == 1800

    async def test_adds_tax_where_prices_are_without(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company(tax_inclusive=False, tax_basis_points=1900)
        async with catalog.user("company_admin", company) as admin:
            mug, book = await made(admin, "MUG", 1000), await made(admin, "BOOK", 333, taxBasisPoints=700)
        async with catalog.client(tenant=company) as shopper:
            first = await put(shopper, mug["id"], 1)
            totals = (await put(shopper, book["id"], 1, token=first.headers["x-cart-token"])).json()["totals"]
        amounts = {name: totals[name]["amount"] for name in ("subtotal", "tax", "grandTotal")}
        assert amounts == {"subtotal": 1333, "tax": 190 + 23, "grandTotal": 1333 + 213}
        assert totals["taxInclusive"] is False

    async def test_loses_nothing_when_two_put_in_at_once(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            mug = await made(admin, "MUG", 1000)
        async with catalog.client(tenant=company) as shopper:
            token = (await shopper.get("/api/cart")).headers["x-cart-token"]
            answers = await asyncio.gather(*(put(shopper, mug["id"], 1, token=token) for _ in range(8)))
            cart = (await shopper.get("/api/cart", headers={"x-cart-token": token})).json()
        assert {answer.status_code for answer in answers} == {200}
        assert [line["quantity"] for line in cart["items"]] == [8]

    async def test_is_bounded(self, catalog: Harness, new_company: NewCompany) -> None:
        company, token = await new_company(), new_token()
        async with catalog.user("company_admin", company) as admin:
            mug, bowl = await made(admin, "MUG"), await made(admin, "BOWL")
        cart = Cart.open_for_token(token, company, datetime.now(UTC))
        for number in range(199):
            cart.add(f"prd_{number}", None, sku=str(number), name="X", quantity=1)
        await Carts(catalog.runtime.ground).for_company(company).insert(cart)
        async with catalog.client(tenant=company) as shopper:
            last = await put(shopper, mug["id"], 1_000_000, token=token)
            too_many = await put(shopper, mug["id"], 1, token=token)
            full = await put(shopper, bowl["id"], token=token)
        assert (last.status_code, len(last.json()["items"])) == (200, 200)
        assert (too_many.status_code, too_many.json()["code"]) == (422, "quantity_out_of_range")
        assert (full.status_code, full.json()["code"]) == (409, "cart_full")

    async def test_is_no_tenants_but_its_own(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            mug = await made(admin)
        async with catalog.client(tenant=company) as shopper:
            token = (await put(shopper, mug["id"])).headers["x-cart-token"]
        async with catalog.client(tenant=await new_company()) as elsewhere:
            cart = (await elsewhere.get("/api/cart", headers={"x-cart-token": token})).json()
            assert (await put(elsewhere, mug["id"], token=token)).status_code == 404
        assert cart["items"] == []


class TestSignedIn:
    async def test_takes_in_the_anonymous_cart_once(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            mug, bowl = await made(admin, "MUG", 1000), await made(admin, "BOWL", 250)
        async with catalog.client(tenant=company) as shopper:
            token = (await put(shopper, mug["id"], 2)).headers["x-cart-token"]
        async with catalog.user("customer", company, customer_id="cus_1") as customer:
            await put(customer, mug["id"], 1)
            await put(customer, bowl["id"], 1)
            carried = {"x-cart-token": token}
            answers = await asyncio.gather(*(customer.get("/api/cart", headers=carried) for _ in range(4)))
            cart = (await customer.get("/api/cart")).json()
        assert {answer.status_code for answer in answers} == {200}
        assert [(line["sku"], line["quantity"]) for line in cart["items"]] == [("MUG", 3), ("BOWL", 1)]
        async with catalog.client(tenant=company) as shopper:
            void = await shopper.get("/api/cart", headers=carried)
        assert void.json()["items"] == []
        assert void.headers["x-cart-token"] != token

    async def test_two_who_carry_one_token_do_not_both_get_what_is_in_it(
        self, catalog: Harness, new_company: NewCompany
    ) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            mug = await made(admin)
        async with catalog.client(tenant=company) as shopper:
            carried = {"x-cart-token": (await put(shopper, mug["id"], 3)).headers["x-cart-token"]}
        async with catalog.user("customer", company) as first, catalog.user("customer", company) as second:
            calls = [who.get("/api/cart", headers=carried) for who in (first, second) * 3]
            assert {answer.status_code for answer in await asyncio.gather(*calls)} == {200}
            lines = [(await who.get("/api/cart")).json()["items"] for who in (first, second)]
        assert sorted(sum(line["quantity"] for line in items) for items in lines) == [0, 3]

    async def test_each_has_their_own(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            mug = await made(admin)
            assert (await admin.get("/api/cart")).status_code == 403
        async with catalog.user("customer", company) as first, catalog.user("customer", company) as second:
            mine = (await put(first, mug["id"])).json()
            theirs = (await second.get("/api/cart", headers={"x-cart-token": mine["token"]})).json()
        assert (len(mine["items"]), theirs["items"]) == (1, [])
        assert mine["token"] == mine["id"]


class TestTellAndOrder:
    async def test_an_order_empties_it_and_a_successor_goes_on(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            mug = await made(admin)
        async with catalog.client(tenant=company) as shopper, catalog.service_client("sales", company) as sales:
            cart = (await put(shopper, mug["id"], 3)).json()
            by_token = (await sales.get(f"/internal/carts/{cart['token']}")).json()
            by_id = (await sales.get(f"/internal/carts/{cart['id']}")).json()
            assert by_token["items"] == [{"productId": mug["id"], "variantId": None, "quantity": 3}]
            assert (by_id["id"], by_id["items"]) == (by_token["id"], by_token["items"])
            assert cart["token"] not in cart["id"]

            await catalog.publish(order_created(cart["id"]), company, times=3)
            shopper.headers["x-cart-token"] = cart["token"]
            await eventually(lambda: _is_empty(shopper))
            next_cart = (await put(shopper, mug["id"], 1)).json()
            await catalog.publish(order_created(cart["id"]), company)
            still = (await shopper.get("/api/cart", headers={"x-cart-token": next_cart["token"]})).json()
            assert (await sales.get(f"/internal/carts/{cart['id']}")).json()["items"] == []
        assert next_cart["id"] != cart["id"]
        assert next_cart["token"] != cart["token"]
        assert [line["quantity"] for line in next_cart["items"]] == [1]
        assert still == next_cart

    async def test_a_signed_in_one_goes_on_under_another_id(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            mug = await made(admin)
        async with catalog.user("customer", company) as customer, catalog.service_client("sales", company) as sales:
            cart = (await put(customer, mug["id"], 3)).json()
            event_id = await catalog.publish(order_created(cart["id"]), company)
            await eventually(lambda: _is_empty(customer))
            after = (await put(customer, mug["id"], 1)).json()
            await catalog.publish(order_created(cart["id"]), company, event_id=event_id)
            assert (await sales.get(f"/internal/carts/{cart['id']}")).status_code == 404
            assert (await sales.get(f"/internal/carts/{after['id']}")).json()["items"][0]["quantity"] == 1
        assert after["id"] != cart["id"]

    async def test_is_told_to_services_of_the_company_alone(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("customer", company) as customer:
            assert (await customer.get("/internal/carts/crt_1")).status_code == 403
        async with catalog.service_client("sales", company) as sales:
            assert (await sales.get("/internal/carts/crt_1")).status_code == 404


class TestAbandoned:
    async def test_is_told_once_for_each_time_it_is_left(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        reminders, later = catalog.service.reminders, datetime.now(UTC) + timedelta(hours=2)
        async with catalog.user("company_admin", company) as admin:
            mug = await made(admin, "MUG", 1000)
        async with catalog.user("customer", company, customer_id="cus_1") as customer:
            cart = (await put(customer, mug["id"], 2)).json()
            await reminders.remind(datetime.now(UTC))
            assert not _abandoned(catalog, company)
            await asyncio.gather(*(reminders.remind(later) for _ in range(3)))
            await reminders.remind(later)
            first = await catalog.events.wait_for("cart.abandoned", lambda e: e.company_id == company)
            await customer.delete("/api/cart/items")
            await reminders.remind(later)
            await put(customer, mug["id"], 3)
            await reminders.remind(later)
            told = await catalog.events.wait_for("cart.abandoned", lambda e: e.company_id == company, count=2)
            await asyncio.gather(reminders.remind(later), reminders.remind(later))
        assert (first[0].data.cart_id, first[0].data.customer_id, first[0].data.units) == (cart["id"], "cus_1", 2)
        assert first[0].data.value == Money(amount=2000, currency="EUR")
        assert [event.data.units for event in told] == [2, 3]
        assert len(_abandoned(catalog, company)) == 2

    async def test_is_never_told_of_what_was_ordered_or_merged(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        later = datetime.now(UTC) + timedelta(hours=2)
        async with catalog.user("company_admin", company) as admin:
            mug = await made(admin, "MUG", 1000)
        async with catalog.client(tenant=company) as shopper:
            ordered = await put(shopper, mug["id"])
            token = (await put(shopper, mug["id"], 4)).headers["x-cart-token"]
        await catalog.publish(order_created(ordered.json()["token"]), company)
        carts = Carts(catalog.runtime.ground).for_company(company)
        await eventually(lambda: carts.find_one({"isOrdered": True}))
        async with catalog.user("customer", company) as customer:
            await customer.get("/api/cart", headers={"x-cart-token": token})
        await catalog.service.reminders.remind(later)
        told = await catalog.events.wait_for("cart.abandoned", lambda e: e.company_id == company)
        assert [event.data.units for event in told] == [4]


class TestSaved:
    async def test_is_put_aside_and_back(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            mug, bowl = await made(admin, "MUG", 1000), await made(admin, "BOWL", 250)
        async with catalog.user("customer", company) as customer:
            empty = await customer.post("/api/cart/saved", json={"name": "None"})
            await put(customer, mug["id"], 2)
            await put(customer, bowl["id"], 1)
            saved = await customer.post("/api/cart/saved", json={"name": "Every month"})
            path = f"/api/cart/saved/{saved.json()['id']}"
            await customer.delete("/api/cart/items", params={"productId": bowl["id"]})
            restored = (await customer.post(f"{path}/restore")).json()
            listed = (await customer.get("/api/cart/saved")).json()["items"]
            unnamed = await customer.post("/api/cart/saved", json={"name": " "})
            async with catalog.user("customer", company) as other:
                seen = [
                    (await other.post(f"{path}/restore")).status_code,
                    (await other.delete(path)).status_code,
                    (await other.get("/api/cart/saved")).json()["items"],
                ]
            removed = [(await customer.delete(path)).status_code for _ in range(2)]
        async with catalog.client(tenant=company) as shopper:
            anonymous = [
                (await shopper.get("/api/cart/saved")).status_code,
                (await shopper.post("/api/cart/saved", json={"name": "X"})).status_code,
                (await shopper.post(f"{path}/restore")).status_code,
                (await shopper.delete(path)).status_code,
            ]
        assert (empty.status_code, empty.json()["code"]) == (409, "cart_empty")
        assert [(line["sku"], line["quantity"]) for line in saved.json()["items"]] == [("MUG", 2), ("BOWL", 1)]
        assert [(line["sku"], line["quantity"]) for line in restored["items"]] == [("MUG", 4), ("BOWL", 1)]
        assert (listed, unnamed.status_code) == ([saved.json()], 422)
        assert (seen, removed, anonymous) == ([404, 404, []], [204, 404], [401] * 4)

    async def test_are_bounded(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            mug = await made(admin)
        async with catalog.user("customer", company) as customer:
            await put(customer, mug["id"])
            for number in range(50):
                assert (await customer.post("/api/cart/saved", json={"name": str(number)})).status_code == 201
            full = await customer.post("/api/cart/saved", json={"name": "One more"})
        assert (full.status_code, full.json()["code"]) == (409, "saved_carts_full")


def _abandoned(catalog: Harness, company: str) -> list[Any]:
    return [event for event in catalog.events.heard if event.type == "cart.abandoned" and event.company_id == company]
