"""Sales set aside at tills, on the real servers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.events.catalogue import ProductUpdated
from common.ids import new_id
from tests.sales.conftest import Trade, eventually, gbp, open_trade
from tests.sales.test_till import manager, seller

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELD = "/api/pos/held-sales"


def aside(trade: Trade, **more: Any) -> dict[str, Any]:
    """Two mugs for later."""
    return {"shopId": trade.shop, "name": "dog", "items": [trade.line(2)], **more}


class TestHold:
    async def test_sets_aside_and_goes_on(self, trade: Trade) -> None:
        async with seller(trade) as staff:
            key = {"Idempotency-Key": new_id("key")}
            answer = await staff.post(HELD, json=aside(trade), headers=key)
            again = await staff.post(HELD, json=aside(trade), headers=key)
            made = answer.json()
            listed = (await staff.get(HELD, params={"shopId": trade.shop})).json()["items"]
            read = (await staff.get(f"{HELD}/{made['id']}")).json()
            recalled = await staff.post(f"{HELD}/{made['id']}/recall")
            left = (await staff.get(HELD)).json()["items"]
            second = await staff.post(f"{HELD}/{made['id']}/recall")
            discarded = await staff.delete(f"{HELD}/{made['id']}")
        assert (answer.status_code, again.json()["id"]) == (201, made["id"]), answer.text
        assert (made["total"]["amount"], made["status"], listed, read) == (2000, "held", [made], made)
        assert (recalled.status_code, recalled.json()["status"], left) == (200, "recalled", [])
        assert recalled.json()["items"] == made["items"]
        assert (second.status_code, second.json()["code"]) == (409, "already_recalled")
        assert (discarded.status_code, discarded.json()["code"]) == (409, "already_recalled")
        for event in ("sale.held", "sale.recalled"):
            await trade.sales.events.wait_for(event, lambda e: e.subject == made["id"])

    async def test_goes_on_at_one_till_only(self, trade: Trade) -> None:
        async with seller(trade) as staff:
            made = (await staff.post(HELD, json=aside(trade))).json()
            answers = await asyncio.gather(*(staff.post(f"{HELD}/{made['id']}/recall") for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [200, *[409] * 5]

    async def test_answers_a_recall_whose_answer_was_lost(self, trade: Trade) -> None:
        key = {"Idempotency-Key": new_id("key")}
        async with seller(trade) as staff:
            made = (await staff.post(HELD, json=aside(trade))).json()
            answers = [await staff.post(f"{HELD}/{made['id']}/recall", headers=key) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()

    async def test_shows_the_prices_of_then_and_now(self, trade: Trade) -> None:
        async with seller(trade) as staff:
            made = (await staff.post(HELD, json=aside(trade))).json()
            dearer = ProductUpdated(product_id=trade.mug, sku="MUG", name="Mug", status="active", price=gbp(1200))
            await trade.sales.publish(dearer, trade.company)
            copies = trade.sales.runtime.database["products"]
            await eventually(lambda: copies.find_one({"_id": trade.mug, "price.amount": 1200}))
            (item,) = (await staff.post(f"{HELD}/{made['id']}/recall")).json()["items"]
        assert (item["listedPrice"], item["currentPrice"], item["priceChanged"]) == (
            {"amount": 1000, "currency": "GBP"},
            {"amount": 1200, "currency": "GBP"},
            True,
        )

    async def test_is_given_up(self, trade: Trade) -> None:
        async with seller(trade) as staff:
            made = (await staff.post(HELD, json=aside(trade))).json()
            answer = await staff.delete(f"{HELD}/{made['id']}")
            gone = [await staff.get(f"{HELD}/{made['id']}"), await staff.post(f"{HELD}/{made['id']}/recall")]
        assert answer.status_code == 204
        assert [each.status_code for each in gone] == [404, 404]
        await trade.sales.events.wait_for("sale.discarded", lambda e: e.subject == made["id"])

    async def test_expires_after_seven_days(self, trade: Trade) -> None:
        async with seller(trade) as staff:
            made = (await staff.post(HELD, json=aside(trade))).json()
            lasts = datetime.fromisoformat(made["expiresAt"]) - datetime.fromisoformat(made["createdAt"])
            past = datetime.now(UTC) - timedelta(seconds=1)
            stored = trade.sales.runtime.database["held_sales"]
            await stored.update_one({"_id": made["id"]}, {"$set": {"expiresAt": past}})
            left = (await staff.get(HELD)).json()["items"]
            gone = [await staff.get(f"{HELD}/{made['id']}"), await staff.post(f"{HELD}/{made['id']}/recall")]
        assert (lasts, left) == (timedelta(days=7), [])
        assert [each.status_code for each in gone] == [404, 404]

    async def test_refuses_what_is_not_permitted_or_not_there(self, trade: Trade) -> None:
        cheap = [trade.line(1, discount={"amount": 100, "currency": "GBP"})]
        own_price = [trade.line(1, unitPrice={"amount": 100, "currency": "GBP"})]
        async with seller(trade) as staff, manager(trade) as head:
            refused = [await staff.post(HELD, json=aside(trade, items=items)) for items in (cheap, own_price)]
            taken = await head.post(HELD, json=aside(trade, items=cheap))
            nobody = await staff.post(HELD, json=aside(trade, customerId=new_id("cus")))
            empty = await staff.post(HELD, json=aside(trade, items=[]))
            listed = (await staff.get(HELD)).json()["items"]
            unknown = await staff.get(HELD, params={"colour": "red"})
        assert [each.status_code for each in refused] == [403, 403]
        assert (taken.status_code, nobody.status_code, empty.status_code) == (201, 404, 422)
        assert [each["id"] for each in listed] == [taken.json()["id"]]
        assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_query")

    async def test_belongs_to_the_shop(self, trade: Trade) -> None:
        other = await open_trade(trade.sales)
        async with seller(trade) as staff:
            made = (await staff.post(HELD, json=aside(trade))).json()
        path = f"{HELD}/{made['id']}"
        elsewhere, stranger = trade.staff("shop_staff", shop_ids=[new_id("shp")]), other.staff()
        async with elsewhere, stranger:
            for client in (elsewhere, stranger):
                assert (await client.get(path)).status_code == 404
                assert (await client.post(f"{path}/recall")).status_code == 404
                assert (await client.delete(path)).status_code == 404
                assert (await client.get(HELD)).json()["items"] == []
            assert (await elsewhere.post(HELD, json=aside(trade))).status_code == 404
            assert (await elsewhere.get(HELD, params={"shopId": trade.shop})).status_code == 404
        async with trade.customer() as customer, trade.guest() as guest:
            assert (await customer.get(HELD)).status_code == 403
            assert (await guest.get(HELD)).status_code == 401

    async def test_is_listed_by_an_index(self, trade: Trade) -> None:
        stored = trade.sales.runtime.database["held_sales"]
        for criteria in ({}, {"shopId": trade.shop}):
            wanted = {"companyId": trade.company, "status": "held", **criteria}
            plan = await stored.find(wanted).sort([("createdAt", -1), ("_id", -1)]).explain()
            shown = str(plan["queryPlanner"]["winningPlan"])
            assert "COLLSCAN" not in shown
            assert "'SORT'" not in shown
