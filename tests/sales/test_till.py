"""Till sales on the real servers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from common.events.catalogue import ProductArchived, ProductUpdated
from common.events.payments import PaymentRefunded
from common.ids import new_id
from tests.sales.conftest import Trade, eventually, gbp, open_trade

pytestmark = pytest.mark.asyncio(loop_scope="module")


def cash(amount: int) -> dict[str, Any]:
    return {"method": "cash", "amount": {"amount": amount, "currency": "GBP"}}


def card(amount: int) -> dict[str, Any]:
    return {"method": "card", "amount": {"amount": amount, "currency": "GBP"}}


def _in(**span: int) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


def sale(trade: Trade, **more: Any) -> dict[str, Any]:
    """A sale of one mug for 1,000."""
    return {
        "clientSaleId": new_id("till"),
        "shopId": trade.shop,
        "items": [trade.line()],
        "tenders": [cash(1000)],
        "soldAt": "2026-03-01T09:30:00Z",
        **more,
    }


def seller(trade: Trade) -> httpx2.AsyncClient:
    return trade.staff("shop_staff", shop_ids=[trade.shop])


def manager(trade: Trade) -> httpx2.AsyncClient:
    return trade.staff("shop_manager", shop_ids=[trade.shop])


class TestRingUp:
    async def test_is_paid_and_fulfilled_in_one_answer(self, trade: Trade) -> None:
        body = sale(trade, tenders=[cash(1500)])
        async with seller(trade) as staff:
            answer = await staff.post("/api/pos/sales", json=body)
            shown = answer.json()
            read = await staff.get(f"/api/pos/sales/{shown['id']}")
            listed = (await staff.get("/api/pos/sales", params={"clientSaleId": body["clientSaleId"]})).json()["items"]
        assert answer.status_code == 201, answer.text
        states = {"status": "completed", "paymentStatus": "paid", "fulfilmentStatus": "fulfilled", "channel": "pos"}
        assert shown == shown | states | {"soldAt": body["soldAt"], "placedAt": body["soldAt"], "deadlineAt": None}
        assert (shown["change"]["amount"], shown["paid"]["amount"], shown["due"]["amount"]) == (500, 1000, 0)
        assert (shown["priceVariance"], shown["items"][0]["fulfilledQuantity"]) == (False, 1)
        assert read.json() == listed[0] == shown
        event = (await trade.sales.events.wait_for("sale.completed", lambda e: e.subject == shown["id"]))[0]
        assert (event.data.client_sale_id, event.shop_id) == (body["clientSaleId"], trade.shop)

    async def test_answers_the_same_sale_again(self, trade: Trade) -> None:
        body = sale(trade)
        async with seller(trade) as staff:
            first = await staff.post("/api/pos/sales", json=body)
            again = await staff.post("/api/pos/sales", json=body)
            other = await staff.post("/api/pos/sales", json={**body, "items": [trade.line(2)], "tenders": [cash(2000)]})
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    async def test_accepts_a_sale_once_however_often_it_comes_at_once(self, trade: Trade) -> None:
        body = sale(trade)
        async with seller(trade) as staff:
            answers = await asyncio.gather(*(staff.post("/api/pos/sales", json=body) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1

    async def test_takes_a_price_of_ones_own_with_permission_and_says_so(self, trade: Trade) -> None:
        item = trade.line(unitPrice={"amount": 900, "currency": "GBP"})
        body = sale(trade, items=[item], tenders=[cash(900)])
        same = sale(trade, items=[trade.line(unitPrice={"amount": 1000, "currency": "GBP"})])
        async with seller(trade) as staff, manager(trade) as head:
            refused = await staff.post("/api/pos/sales", json=body)
            unchanged = await staff.post("/api/pos/sales", json=same)
            answer = await head.post("/api/pos/sales", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
        assert (answer.json()["totals"]["grandTotal"]["amount"], answer.json()["priceVariance"]) == (900, True)
        assert (unchanged.status_code, unchanged.json()["priceVariance"]) == (201, False)

    async def test_takes_the_price_that_an_offline_till_knew(self, trade: Trade) -> None:
        dearer = ProductUpdated(
            product_id=trade.mug,
            sku="MUG",
            name="Mug",
            status="active",
            price=gbp(1200),
            before={},
            after={},
        )
        await trade.sales.publish(dearer, trade.company)
        copies = trade.sales.runtime.database["products"]
        await eventually(lambda: copies.find_one({"_id": trade.mug, "price.amount": 1200}))
        item = trade.line(unitPrice={"amount": 1000, "currency": "GBP"})
        never = trade.line(unitPrice={"amount": 1100, "currency": "GBP"})
        async with seller(trade) as staff:
            answer = await staff.post("/api/pos/sales", json=sale(trade, items=[item]))
            refused = await staff.post("/api/pos/sales", json=sale(trade, items=[never], tenders=[cash(1100)]))
        assert (answer.status_code, answer.json()["priceVariance"]) == (201, True), answer.text
        assert refused.status_code == 403

    async def test_gives_discounts_with_permission_only(self, trade: Trade) -> None:
        item = trade.line(3, discount={"amount": 100, "currency": "GBP"})
        body = sale(trade, items=[item, trade.line()], discount={"amount": 390, "currency": "GBP"}, tenders=[])
        body["tenders"] = [cash(4000 - 100 - 390)]
        bare = {key: value for key, value in body.items() if key != "discount"} | {"clientSaleId": new_id("till")}
        async with seller(trade) as staff, manager(trade) as head:
            refused = [await staff.post("/api/pos/sales", json=each) for each in (body, bare)]
            stored = (await staff.get("/api/pos/sales")).json()["items"]
            answer = await head.post("/api/pos/sales", json=body)
            large = sale(trade, discount={"amount": 1001, "currency": "GBP"}, tenders=[])
            too_large = await head.post("/api/pos/sales", json=large)
        assert [(each.status_code, each.json()["code"]) for each in refused] == [(403, "permission_denied")] * 2
        assert stored == []
        shown = answer.json()
        assert answer.status_code == 201, answer.text
        assert [line["discount"]["amount"] for line in shown["items"]] == [390, 100]
        assert (shown["totals"]["discount"]["amount"], shown["totals"]["grandTotal"]["amount"]) == (490, 3510)
        assert (too_large.status_code, too_large.json()["code"]) == (422, "discount_too_large")

    async def test_takes_several_tenders_with_change_from_cash(self, trade: Trade) -> None:
        tenders = [card(600), cash(100), cash(500)]
        async with seller(trade) as staff:
            answer = await staff.post("/api/pos/sales", json=sale(trade, tenders=tenders))
            beyond_cash = await staff.post("/api/pos/sales", json=sale(trade, tenders=[card(1500), cash(400)]))
            foreign = [{"method": "cash", "amount": {"amount": 1000, "currency": "EUR"}}]
            other_money = await staff.post("/api/pos/sales", json=sale(trade, tenders=foreign))
        assert (answer.json()["change"]["amount"], answer.json()["tenders"]) == (200, tenders)
        assert (beyond_cash.status_code, beyond_cash.json()["code"]) == (422, "tender_exceeds_total")
        assert (other_money.status_code, other_money.json()["code"]) == (422, "currency_mismatch")

    async def test_sells_on_account_to_a_customer(self, trade: Trade) -> None:
        async with seller(trade) as staff:
            record = (await staff.post("/api/customers", json={"name": "Ann Lee", "email": "Ann@mill.example"})).json()
            tenders = [cash(400), {"method": "on_account", "amount": {"amount": 600, "currency": "GBP"}}]
            body = sale(trade, tenders=tenders, customerId=record["id"])
            shown = (await staff.post("/api/pos/sales", json=body)).json()
        assert (shown["customerName"], shown["email"], shown["paymentStatus"]) == (
            "Ann Lee",
            "ann@mill.example",
            "paid",
        )
        event = (await trade.sales.events.wait_for("sale.completed", lambda e: e.subject == shown["id"]))[0]
        assert (event.data.customer_id, [t.amount.amount for t in event.data.tenders]) == (record["id"], [400, 600])

    async def test_sells_what_was_archived_meanwhile(self, trade: Trade) -> None:
        await trade.sales.publish(ProductArchived(product_id=trade.mug, sku="MUG"), trade.company)
        copies = trade.sales.runtime.database["products"]
        await eventually(lambda: copies.find_one({"_id": trade.mug, "status": "archived"}))
        async with seller(trade) as staff:
            answer = await staff.post("/api/pos/sales", json=sale(trade))
        assert answer.status_code == 201, answer.text

    @pytest.mark.parametrize(
        ("minutes", "doubt"),
        [(0, None), (1, None), (10, "in_future"), (-60 * 24 * 30, None), (-60 * 24 * 32, "long_ago")],
    )
    async def test_notes_a_clock_that_is_off(self, trade: Trade, minutes: int, doubt: str | None) -> None:
        async with seller(trade) as staff:
            answer = await staff.post("/api/pos/sales", json=sale(trade, soldAt=_in(minutes=minutes)))
        assert (answer.status_code, answer.json()["soldAtDoubt"]) == (201, doubt)

    @pytest.mark.parametrize("days", [2, -800])
    async def test_refuses_a_time_that_cannot_be(self, trade: Trade, days: int) -> None:
        async with seller(trade) as staff:
            answer = await staff.post("/api/pos/sales", json=sale(trade, soldAt=_in(days=days)))
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "soldAt")

    @pytest.mark.parametrize(
        ("tenders", "code"),
        [
            ([cash(999)], "tender_short"),
            ([{"method": "card", "amount": {"amount": 1001, "currency": "GBP"}}], "tender_exceeds_total"),
            ([{"method": "on_account", "amount": {"amount": 1000, "currency": "GBP"}}], "customer_required"),
        ],
    )
    async def test_refuses_tenders_that_do_not_fit(self, trade: Trade, tenders: Any, code: str) -> None:
        async with seller(trade) as staff:
            answer = await staff.post("/api/pos/sales", json=sale(trade, tenders=tenders))
        assert (answer.status_code, answer.json()["code"]) == (422, code)

    async def test_belongs_to_the_shop(self, trade: Trade) -> None:
        body = sale(trade)
        other = await open_trade(trade.sales)
        async with seller(trade) as staff:
            shown = (await staff.post("/api/pos/sales", json=body)).json()
        async with trade.staff("shop_staff", shop_ids=[new_id("shp")]) as elsewhere:
            assert (await elsewhere.post("/api/pos/sales", json=sale(trade))).status_code == 404
            assert (await elsewhere.get(f"/api/pos/sales/{shown['id']}")).status_code == 404
            assert (await elsewhere.get("/api/pos/sales")).json()["items"] == []
        async with other.staff() as stranger:
            assert (await stranger.get(f"/api/pos/sales/{shown['id']}")).status_code == 404
        async with trade.customer() as customer:
            assert (await customer.post("/api/pos/sales", json=sale(trade))).status_code == 403

    async def test_is_refunded_like_an_order(self, trade: Trade) -> None:
        async with seller(trade) as staff:
            shown = (await staff.post("/api/pos/sales", json=sale(trade))).json()
            await trade.pay(shown["id"], 1000)
            refund = PaymentRefunded(
                payment_id="pay_1",
                order_id=shown["id"],
                refund_id="rfd_1",
                method="cash",
                amount=gbp(400),
                refunded=gbp(400),
                captured=gbp(1000),
                reason="broken",
            )
            await trade.sales.publish(refund, trade.company)
            found = await trade.when(staff, shown["id"], paymentStatus="partially_refunded")
        assert (found["paid"]["amount"], found["refunded"]["amount"]) == (1000, 400)


class TestBatch:
    async def test_loses_no_sale_because_another_is_bad(self, trade: Trade) -> None:
        known, twice = sale(trade), sale(trade)
        rows = [
            sale(trade),
            sale(trade, tenders=[]),
            known,
            "nonsense",
            twice,
            twice,
            {**twice, "note": "another"},
            sale(trade, shopId=new_id("shp")),
            {**sale(trade), "colour": "red"},
            sale(trade, customerId=new_id("cus")),
        ]
        async with seller(trade) as staff:
            await staff.post("/api/pos/sales", json=known)
            answer = await staff.post("/api/pos/sales/batch", json={"sales": rows})
            again = (await staff.post("/api/pos/sales/batch", json={"sales": rows})).json()
            stored = (await staff.get("/api/pos/sales", params={"limit": 100})).json()["items"]
        told = answer.json()
        assert answer.status_code == 200, answer.text
        assert [row["status"] for row in told["results"]] == [
            "accepted",
            "rejected",
            "replayed",
            "rejected",
            "accepted",
            "replayed",
            "rejected",
            "rejected",
            "rejected",
            "rejected",
        ]
        codes = [row["problem"] and row["problem"]["code"] for row in told["results"]]
        assert codes == [
            None,
            "tender_short",
            None,
            "invalid_body",
            None,
            None,
            "idempotency_key_reused",
            "not_found",
            "invalid_body",
            "not_found",
        ]
        assert (told["accepted"], told["replayed"], told["rejected"]) == (2, 2, 6)
        assert (again["accepted"], again["replayed"], again["rejected"]) == (0, 4, 6)
        assert len(stored) == 3

    async def test_takes_what_is_known_while_the_catalogue_is_away(self, trade: Trade) -> None:
        rows = [sale(trade), sale(trade, items=[{"productId": new_id("prd"), "quantity": 1}])]
        async with seller(trade) as staff:
            told = (await staff.post("/api/pos/sales/batch", json={"sales": rows})).json()
        assert [row["status"] for row in told["results"]] == ["accepted", "rejected"]
        assert told["results"][1]["problem"]["status"] == 503

    async def test_refuses_rows_that_lack_the_permission(self, trade: Trade) -> None:
        free = sale(trade, items=[trade.line(discount={"amount": 1000, "currency": "GBP"})], tenders=[])
        async with seller(trade) as staff:
            told = (await staff.post("/api/pos/sales/batch", json={"sales": [sale(trade), free]})).json()
        assert [row["problem"] and row["problem"]["code"] for row in told["results"]] == [None, "permission_denied"]

    async def test_takes_five_hundred_and_no_more(self, trade: Trade) -> None:
        async with seller(trade) as staff:
            rows = [sale(trade) for _ in range(500)]
            answer = await staff.post("/api/pos/sales/batch", json={"sales": rows})
            more = await staff.post("/api/pos/sales/batch", json={"sales": [*rows, sale(trade)]})
        assert answer.json()["accepted"] == 500
        assert len({row["result"]["number"] for row in answer.json()["results"]}) == 500
        assert more.status_code == 422
