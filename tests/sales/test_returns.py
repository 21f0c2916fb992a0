"""Returns at tills on the real servers."""

import asyncio
from typing import Any

import httpx2
import pytest

from common.ids import new_id
from tests.sales.conftest import Trade, open_trade
from tests.sales.test_till import card, cash, manager, sale, seller

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def sold(trade: Trade, quantity: int = 3, **more: Any) -> dict[str, Any]:
    """A finished sale of mugs at 1,000 each."""
    body = sale(trade, items=[trade.line(quantity)], tenders=[cash(quantity * 1000)], **more)
    async with seller(trade) as staff:
        answer = await staff.post("/api/pos/sales", json=body)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def back(trade: Trade, quantity: int = 1, amount: int | None = None, **more: Any) -> dict[str, Any]:
    """A return of mugs for cash."""
    given = quantity * 1000 if amount is None else amount
    return {
        "clientReturnId": new_id("till"),
        "shopId": trade.shop,
        "items": [{"productId": trade.mug, "quantity": quantity}],
        "outcome": "restock",
        "refundTenders": [cash(given)] if given else [],
        **more,
    }


async def post(client: httpx2.AsyncClient, body: dict[str, Any], **headers: str) -> httpx2.Response:
    return await client.post("/api/pos/returns", json=body, headers=headers)


class TestTake:
    async def test_takes_back_with_a_receipt(self, trade: Trade) -> None:
        shown = await sold(trade)
        body = back(trade, 2, saleId=shown["id"], reason="too blue")
        async with seller(trade) as staff:
            answer = await post(staff, body)
            made = answer.json()
            read = await staff.get(f"/api/pos/returns/{made['id']}")
            listed = (await staff.get("/api/pos/returns", params={"orderId": shown["id"]})).json()["items"]
            after = (await staff.get(f"/api/pos/sales/{shown['id']}")).json()
        assert answer.status_code == 201, answer.text
        assert (made["total"]["amount"], made["value"]["amount"], made["orderNumber"]) == (2000, 2000, shown["number"])
        assert (made["items"][0]["itemId"], made["items"][0]["refund"]["amount"]) == (shown["items"][0]["id"], 2000)
        assert read.json() == listed[0] == made
        assert read.headers["etag"] == '"1"'
        states = (after["fulfilmentStatus"], after["paymentStatus"], after["refunded"]["amount"])
        assert states == ("partially_returned", "partially_refunded", 2000)
        assert after["items"][0]["returnedQuantity"] == 2
        event = (await trade.sales.events.wait_for("sale.returned", lambda e: e.subject == made["id"]))[0]
        assert (event.data.order_id, event.data.outcome, event.shop_id) == (shown["id"], "restock", trade.shop)
        assert [(line.sku, line.quantity, line.refund.amount) for line in event.data.lines] == [("MUG", 2, 2000)]

    async def test_ends_as_returned_and_refunded(self, trade: Trade) -> None:
        shown = await sold(trade, 2)
        async with seller(trade) as staff:
            for _ in range(2):
                assert (await post(staff, back(trade, saleId=shown["id"]))).status_code == 201
            after = (await staff.get(f"/api/orders/{shown['id']}")).json()
            more = await post(staff, back(trade, saleId=shown["id"]))
        assert (after["fulfilmentStatus"], after["paymentStatus"]) == ("returned", "refunded")
        assert (more.status_code, more.json()["code"]) == (409, "invalid_transition")

    async def test_answers_the_same_return_again(self, trade: Trade) -> None:
        shown = await sold(trade)
        body = back(trade, saleId=shown["id"])
        async with seller(trade) as staff:
            first, again = await post(staff, body), await post(staff, body)
            other = await post(staff, {**body, "outcome": "damaged"})
            key = {"Idempotency-Key": new_id("key")}
            kept = [await post(staff, {**body, "clientReturnId": "k"}, **key) for _ in range(2)]
            after = (await staff.get(f"/api/orders/{shown['id']}")).json()
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert kept[0].json() == kept[1].json()
        assert after["items"][0]["returnedQuantity"] == 2

    async def test_takes_no_more_than_was_sold_however_many_come_at_once(self, trade: Trade) -> None:
        shown = await sold(trade)
        same = back(trade, saleId=shown["id"])
        async with seller(trade) as staff:
            bodies = [same] * 4 + [back(trade, saleId=shown["id"]) for _ in range(6)]
            answers = await asyncio.gather(*(post(staff, body) for body in bodies))
            after = (await staff.get(f"/api/orders/{shown['id']}")).json()
            listed = (await staff.get("/api/pos/returns")).json()["items"]
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 3
        assert (after["items"][0]["returnedQuantity"], after["refunded"]["amount"], len(listed)) == (3, 3000, 3)

    async def test_gives_back_the_price_paid_after_discount(self, trade: Trade) -> None:
        body = sale(trade, items=[trade.line(3)], discount={"amount": 1000, "currency": "GBP"}, tenders=[cash(2000)])
        async with manager(trade) as head, seller(trade) as staff:
            shown = (await head.post("/api/pos/sales", json=body)).json()
            parts = [await post(staff, back(trade, 1, amount, saleId=shown["id"])) for amount in (667, 667, 666)]
            wrong = await post(staff, back(trade, 1, 1000, saleId=(await sold(trade))["id"], refundTenders=[]))
        assert [part.status_code for part in parts] == [201] * 3, parts[-1].text
        assert (wrong.status_code, wrong.json()["code"]) == (422, "refund_mismatch")
        assert wrong.json()["refundDue"] == {"amount": 1000, "currency": "GBP"}

    async def test_refuses_what_does_not_fit(self, trade: Trade) -> None:
        shown = await sold(trade)
        receipt = {"saleId": shown["id"]}
        cases: list[tuple[dict[str, Any], int, str]] = [
            (back(trade, 4, **receipt), 409, "quantity_exceeds_sold"),
            (back(trade, items=[{"productId": trade.shirt, "quantity": 1}], **receipt), 422, "unknown_item"),
            (back(trade, items=[{"itemId": "itm_1", "quantity": 1}], **receipt), 422, "unknown_item"),
            (back(trade, refundTenders=[card(1000)], **receipt), 409, "refund_exceeds_paid"),
            (
                back(trade, refundTenders=[{**card(1000), "method": "on_account"}], **receipt),
                409,
                "refund_exceeds_paid",
            ),
            (back(trade, orderId=shown["id"], **receipt), 422, "invalid_body"),
            (back(trade, saleId=new_id("ord")), 404, "not_found"),
            (back(trade, items=[{"productId": trade.mug, "quantity": 0}], **receipt), 422, "invalid_body"),
            (back(trade, items=[{"quantity": 1}], **receipt), 422, "invalid_body"),
            (back(trade, outcome="eaten", **receipt), 422, "invalid_body"),
            (back(trade, colour="red", **receipt), 422, "invalid_body"),
        ]
        priced = [{"productId": trade.mug, "quantity": 1, "unitPrice": {"amount": 5, "currency": "GBP"}}]
        cases.append((back(trade, items=priced, **receipt), 422, "invalid_body"))
        foreign = [{"method": "cash", "amount": {"amount": 1000, "currency": "EUR"}}]
        cases.append((back(trade, refundTenders=foreign, **receipt), 422, "currency_mismatch"))
        async with seller(trade) as staff:
            for body, status, code in cases:
                answer = await post(staff, body)
                assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
            after = (await staff.get(f"/api/pos/sales/{shown['id']}")).json()
            assert (await staff.get("/api/pos/returns")).json()["items"] == []
        assert after == shown

    async def test_takes_an_order_back_that_was_delivered(self, trade: Trade) -> None:
        async with trade.staff() as admin:
            order = await trade.place(admin, shopId=trade.shop, payment={"method": "card"})
            early = await post(admin, back(trade, orderId=order["id"]))
            await trade.reserve(order["id"])
            await trade.pay(order["id"], 2000)
            await trade.when(admin, order["id"], status="confirmed")
            await admin.post(f"/api/orders/{order['id']}/fulfilments", json={})
            is_no_sale = await post(admin, back(trade, saleId=order["id"]))
            answer = await post(admin, back(trade, 2, orderId=order["id"], refundTenders=[card(2000)]))
            after = (await admin.get(f"/api/orders/{order['id']}")).json()
        assert (early.status_code, early.json()["code"]) == (409, "invalid_transition")
        assert is_no_sale.status_code == 404
        assert answer.status_code == 201, answer.text
        # the provider has the last word on its money
        assert (after["fulfilmentStatus"], after["paymentStatus"]) == ("returned", "paid")


class TestWithoutReceipt:
    async def test_needs_the_permission(self, trade: Trade) -> None:
        async with seller(trade) as staff, manager(trade) as head:
            refused = await post(staff, back(trade))
            answer = await post(head, back(trade, outcome="damaged"))
            none_left = (await staff.get("/api/pos/returns")).json()["items"]
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
        made = answer.json()
        assert (answer.status_code, made["orderId"], made["total"]["amount"]) == (201, None, 1000), answer.text
        assert [each["id"] for each in none_left] == [made["id"]]

    async def test_gives_todays_price_at_most(self, trade: Trade) -> None:
        def priced(amount: int) -> dict[str, Any]:
            price = {"amount": amount, "currency": "GBP"}
            return back(trade, 1, amount, items=[{"productId": trade.mug, "quantity": 1, "unitPrice": price}])

        async with manager(trade) as head:
            dear, cheap = await post(head, priced(1001)), await post(head, priced(700))
            owed = await post(head, back(trade, refundTenders=[{**cash(1000), "method": "on_account"}]))
            by_line = await post(head, back(trade, items=[{"itemId": "itm_1", "quantity": 1}]))
        assert (dear.status_code, dear.json()["code"]) == (422, "unit_price_too_high")
        assert (cheap.status_code, cheap.json()["total"]["amount"]) == (201, 700)
        assert (owed.status_code, owed.json()["code"]) == (422, "refund_method_unavailable")
        assert by_line.status_code == 422

    async def test_is_taken_once_however_often_it_comes_at_once(self, trade: Trade) -> None:
        body = back(trade)
        async with manager(trade) as head:
            answers = await asyncio.gather(*(post(head, body) for _ in range(6)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1


class TestIsolation:
    async def test_belongs_to_the_shop(self, trade: Trade) -> None:
        shown = await sold(trade)
        other = await open_trade(trade.sales)
        body = back(trade, saleId=shown["id"])
        async with seller(trade) as staff:
            made = (await post(staff, body)).json()
        async with trade.staff("shop_staff", shop_ids=[new_id("shp")]) as elsewhere:
            assert (await post(elsewhere, body)).status_code == 404
            assert (await elsewhere.get(f"/api/pos/returns/{made['id']}")).status_code == 404
            assert (await elsewhere.get("/api/pos/returns")).json()["items"] == []
            assert (await elsewhere.get("/api/pos/returns", params={"shopId": trade.shop})).status_code == 404
        async with other.staff() as stranger:
            assert (await stranger.get(f"/api/pos/returns/{made['id']}")).status_code == 404
            foreign = back(other, saleId=shown["id"])
            assert (await post(stranger, foreign)).status_code == 404
        async with trade.customer() as customer, trade.guest() as guest:
            assert (await post(customer, body)).status_code == 403
            assert (await post(guest, body)).status_code == 401

    async def test_is_read_by_an_index(self, trade: Trade) -> None:
        collection = trade.sales.runtime.database["returns"]
        scope = {"companyId": trade.company}
        for criteria in ({}, {"shopId": trade.shop}, {"orderId": "ord_1"}):
            plan = await collection.find({**scope, **criteria}).sort([("createdAt", -1), ("_id", -1)]).explain()
            assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
            assert "'SORT'" not in str(plan["queryPlanner"]["winningPlan"])
