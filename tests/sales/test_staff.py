"""What staff do with orders beside moving them: discounts, holds, notes, many at once, views, parcels."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from common.context import CallContext, scope
from common.errors import Forbidden
from common.events.parts import StockLine
from common.events.payments import PaymentAuthorized, PaymentVoided
from common.events.stock import InventoryReserved
from common.identity.permissions import permissions_of
from common.identity.principal import Principal
from common.ids import new_id
from common.pagination import PageRequest
from services.sales.domain.order import Order, Parcel
from tests.sales.conftest import ADDRESS, Trade, gbp, open_trade

pytestmark = pytest.mark.asyncio(loop_scope="module")

OFF_100 = {"amount": 100, "currency": "GBP"}


async def confirmed(trade: Trade, staff: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    order = await trade.place(staff, payment={"method": "cash_on_delivery"}, **body)
    await trade.reserve(order["id"])
    return await trade.when(staff, order["id"], status="confirmed")


def key(trade: Trade, *scopes: str) -> Principal:
    return Principal("key", "key_1", "secret_key", frozenset(scopes), trade.company, trade.company)


class TestDiscount:
    @pytest.mark.parametrize("where", ["line", "order"])
    async def test_needs_the_permission_and_stores_nothing_without_it(self, trade: Trade, where: str) -> None:
        item = trade.line(2, discount=OFF_100) if where == "line" else trade.line(2)
        body = {"items": [item], "shopId": trade.shop} | ({"discount": OFF_100} if where == "order" else {})
        async with trade.staff("shop_staff", shop_ids=[trade.shop]) as seller, trade.customer() as customer:
            refused = [await seller.post("/api/orders", json=body), await customer.post("/api/orders", json=body)]
        assert [(each.status_code, each.json()["code"]) for each in refused] == [(403, "permission_denied")] * 2
        assert await trade.sales.runtime.database["orders"].count_documents({"companyId": trade.company}) == 0
        async with trade.staff("shop_manager", shop_ids=[trade.shop]) as manager:
            placed = (await manager.post("/api/orders", json=body)).json()
        assert (placed["totals"]["discount"]["amount"], placed["totals"]["grandTotal"]["amount"]) == (100, 1900)
        assert placed["items"][0]["discount"]["amount"] == 100

    async def test_is_part_of_the_expected_total(self, trade: Trade) -> None:
        body = {"items": [trade.line(2)], "discount": OFF_100, "expectedTotal": {"amount": 2000, "currency": "GBP"}}
        async with trade.staff() as staff:
            changed = await staff.post("/api/orders", json=body)
            too_much = await staff.post("/api/orders", json={**body, "discount": {"amount": 2001, "currency": "GBP"}})
            negative = await staff.post("/api/orders", json={**body, "discount": {"amount": -1, "currency": "GBP"}})
        assert (changed.status_code, changed.json()["currentTotal"]["amount"]) == (409, 1900)
        assert (too_much.status_code, too_much.json()["code"]) == (422, "discount_too_large")
        assert (negative.status_code, negative.json()["errors"][0]["field"]) == (422, "discount")


class TestPlace:
    @pytest.mark.parametrize("quantity", [0, -1, 10**9, 1.5, "1", True])
    async def test_refuses_impossible_quantities(self, trade: Trade, quantity: Any) -> None:
        async with trade.customer() as customer:
            answer = await customer.post("/api/orders", json={"items": [trade.line(quantity)]})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "items.0.quantity")

    async def test_refuses_what_is_not_on_sale(self, trade: Trade) -> None:
        await trade.sales.runtime.database["products"].update_one({"_id": trade.mug}, {"$set": {"status": "archived"}})
        async with trade.customer() as customer:
            answer = await customer.post("/api/orders", json={"items": [trade.line()]})
        assert (answer.status_code, answer.json()["code"]) == (422, "product_unavailable")

    async def test_tells_inventory_both_lines_of_one_sku(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            order = await trade.place(customer, items=[trade.line(1), trade.line(3)])
        created = (await trade.sales.events.wait_for("order.created", lambda e: e.subject == order["id"]))[0]
        assert [(line.sku, line.quantity) for line in created.data.lines] == [("MUG", 1), ("MUG", 3)]


class TestManualCapture:
    async def test_confirms_an_authorised_order_and_unpays_a_voided_one(self, trade: Trade) -> None:
        payment = {"method": "card", "paymentMethodToken": "pm_card_visa", "capture": "manual"}
        async with trade.customer() as customer:
            order = await trade.place(customer, payment=payment)
            created = (await trade.sales.events.wait_for("order.created", lambda e: e.subject == order["id"]))[0]
            await trade.reserve(order["id"])
            await trade.when(customer, order["id"], fulfilmentStatus="reserved")
            about = {"payment_id": "pay_1", "order_id": order["id"], "method": "card", "amount": gbp(2000)}
            await trade.sales.publish(PaymentAuthorized(provider="stripe", **about), trade.company, times=2)
            await trade.when(customer, order["id"], status="confirmed", paymentStatus="authorized")
            await trade.sales.publish(PaymentVoided(**about), trade.company)
            shown = await trade.when(customer, order["id"], paymentStatus="unpaid")
            promised = await customer.post(
                "/api/orders",
                json={"items": [trade.line()], "payment": {"method": "cash_on_delivery", "capture": "manual"}},
            )
        assert (created.data.capture, shown["payment"]) == ("manual", {"method": "card", "capture": "manual"})
        assert [entry["type"] for entry in shown["timeline"]] == [
            "created",
            "reserved",
            "payment_authorized",
            "confirmed",
            "payment_voided",
        ]
        assert (promised.status_code, promised.json()["errors"][0]["field"]) == (422, "payment.capture")


class TestHold:
    async def test_rests_until_it_is_released(self, trade: Trade) -> None:
        async with trade.staff() as staff, trade.customer() as customer:
            order = await confirmed(trade, staff)
            path = f"/api/orders/{order['id']}"
            assert (await customer.post(f"{path}/hold")).status_code == 403
            held = await staff.post(f"{path}/hold", json={"reason": "odd address"})
            moved = await staff.post(f"{path}/status", json={"status": "processing"})
            again = await staff.post(f"{path}/hold")
            released = await staff.post(f"{path}/release")
            late = await staff.post(f"{path}/release")
        assert (held.status_code, held.json()["status"], held.json()["timeline"][-1]["note"]) == (
            200,
            "on_hold",
            "odd address",
        )
        assert held.json()["timeline"][-1]["actor"]["type"] == "user"
        refused = [(each.status_code, each.json()["code"]) for each in (moved, again, late)]
        assert refused == [(409, "invalid_transition")] * 3
        assert released.json()["status"] == "confirmed"
        told = await trade.sales.events.wait_for("order.status_changed", lambda e: e.subject == order["id"], count=2)
        assert [event.data.status for event in told] == ["on_hold", "confirmed"]

    async def test_can_be_cancelled(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            order = await confirmed(trade, staff)
            await staff.post(f"/api/orders/{order['id']}/hold")
            cancelled = await staff.post(f"/api/orders/{order['id']}/cancel")
        assert cancelled.json()["status"] == "cancelled"


class TestAfterACrash:
    """A request that was committed and not answered runs again with the ids of its first run."""

    async def test_moves_happen_once_and_answer_what_they_answered(self, trade: Trade) -> None:
        orders = trade.sales.service.orders
        role = "company_admin"
        admin = Principal("user", "usr_1", role, permissions_of(role), trade.company, trade.company)
        async with trade.staff() as staff:
            order = await confirmed(trade, staff)
        order_id = order["id"]
        steps: list[Callable[[], Awaitable[Order]]] = [
            lambda: orders.hold(admin, order_id, None, "req_1"),
            lambda: orders.release(admin, order_id, "req_2"),
            lambda: orders.advance(admin, order_id, "processing", "req_3"),
            lambda: orders.fulfil(admin, order_id, Parcel("ful_1", None)),
            lambda: orders.deliver(admin, order_id, "req_4"),
            lambda: orders.advance(admin, order_id, "completed", "req_5"),
        ]
        with scope(CallContext(correlation_id="req_x", actor="user:usr_1")):
            for step in steps:
                first, again = await step(), await step()
                assert first.model_dump() == again.model_dump()
        assert [entry.type for entry in first.timeline][-6:] == [
            "on_hold",
            "released",
            "processing",
            "fulfilled",
            "delivered",
            "completed",
        ]
        assert {entry.actor.id for entry in first.timeline[-6:]} == {"usr_1"}


class TestPermissions:
    async def test_whoever_may_only_read_changes_nothing(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            order = await confirmed(trade, staff)
        orders, who = trade.sales.service.orders, key(trade, "orders.read", "own.orders")
        with pytest.raises(Forbidden):
            await orders.cancel(who, order["id"], None, None)
        with pytest.raises(Forbidden):
            await orders.edit(who, order["id"], None, {"note": "x"}, None)
        assert (await orders.read(who, order["id"])).status == "confirmed"

    async def test_whoever_may_not_read_lists_nothing(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            await trade.place(staff)
        page = await trade.sales.service.orders.browse(key(trade, "own.orders"), {}, PageRequest())
        assert page.items == []


class TestNotes:
    async def test_are_staffs_own(self, trade: Trade) -> None:
        other = await open_trade(trade.sales)
        async with trade.staff() as staff, trade.customer() as customer, other.staff() as stranger:
            order = await trade.place(customer)
            path = f"/api/orders/{order['id']}/notes"
            once = {"Idempotency-Key": new_id("key")}
            made = await staff.post(path, json={"text": "  called "}, headers=once)
            await staff.post(path, json={"text": "  called "}, headers=once)
            await staff.post(path, json={"text": "called again"})
            listed = (await staff.get(path)).json()["items"]
            refused = [
                (await customer.post(path, json={"text": "x"})).status_code,
                (await customer.get(path)).status_code,
                (await stranger.post(path, json={"text": "x"})).status_code,
                (await stranger.get(path)).status_code,
                (await staff.post(path, json={"text": " "})).status_code,
            ]
        assert (made.status_code, made.json()["text"], made.json()["author"]["type"]) == (201, "called", "user")
        assert [note["text"] for note in listed] == ["called again", "called"]
        assert refused == [403, 403, 404, 404, 422]
        told = await trade.sales.events.wait_for("order.noted", lambda e: e.data.order_id == order["id"], count=2)
        assert "called" not in told[0].data.model_dump_json()

    async def test_of_another_shop_do_not_exist(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            order = await trade.place(staff, shopId=trade.shop)
        async with trade.staff("shop_staff", shop_ids=[new_id("shp")]) as elsewhere:
            assert (await elsewhere.get(f"/api/orders/{order['id']}/notes")).status_code == 404


class TestBulk:
    async def test_answers_a_row_an_order(self, trade: Trade) -> None:
        other = await open_trade(trade.sales)
        async with trade.staff() as staff, other.staff() as stranger:
            ready, waiting = await confirmed(trade, staff), await trade.place(staff)
            foreign = await other.place(stranger)
            ids = [ready["id"], waiting["id"], foreign["id"]]
            moved = (await staff.post("/api/orders/bulk", json={"action": "processing", "orderIds": ids})).json()
            cancelled = (await staff.post("/api/orders/bulk", json={"action": "cancel", "orderIds": ids})).json()
            too_many = await staff.post("/api/orders/bulk", json={"action": "cancel", "orderIds": ids[:1] * 101})
        assert [(row["status"], (row["problem"] or {}).get("code")) for row in moved["results"]] == [
            ("accepted", None),
            ("rejected", "invalid_transition"),
            ("rejected", "not_found"),
        ]
        assert (moved["accepted"], moved["rejected"]) == (1, 2)
        assert [row["status"] for row in cancelled["results"]] == ["accepted", "accepted", "rejected"]
        assert too_many.status_code == 422
        async with other.staff() as stranger:
            assert (await stranger.get(f"/api/orders/{foreign['id']}")).json()["status"] == "pending"


class TestViews:
    async def test_are_kept_listed_and_removed(self, trade: Trade) -> None:
        body = {"name": "To pack", "filters": {"status": "processing", "minTotal": 500, "from": "2026-01-01"}}
        other = await open_trade(trade.sales)
        async with trade.staff() as staff, other.staff() as stranger:
            made = await staff.post("/api/orders/views", json=body)
            taken = await staff.post("/api/orders/views", json=body)
            wrong = await staff.post("/api/orders/views", json={"name": "X", "filters": {"colour": "red"}})
            path = f"/api/orders/views/{made.json()['id']}"
            assert (await stranger.delete(path)).status_code == 404
            listed = (await staff.get("/api/orders/views")).json()["items"]
            gone = [(await staff.delete(path)).status_code for _ in range(2)]
            assert (await staff.get("/api/orders/views")).json()["items"] == []
            assert (await staff.post("/api/orders/views", json=body)).status_code == 201
        assert made.status_code == 201, made.text
        assert (made.json()["filters"], made.json()["sort"]) == (body["filters"], "-createdAt")
        assert (taken.status_code, taken.json()["code"], wrong.status_code) == (409, "name_taken", 422)
        assert [view["name"] for view in listed] == ["To pack"]
        assert gone == [204, 404]


class TestTracking:
    async def test_can_come_after_the_parcel_left(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            order = await confirmed(trade, staff)
            path = f"/api/orders/{order['id']}/fulfilments"
            parcel = (await staff.post(path)).json()["fulfilments"][0]
            shown = await staff.patch(f"{path}/{parcel['id']}", json={"tracking": "T9"})
            again = await staff.patch(f"{path}/{parcel['id']}", json={"tracking": "T9"})
            refused = [
                (await staff.patch(f"{path}/ful_x", json={"tracking": "T9"})).status_code,
                (await staff.patch(f"{path}/{parcel['id']}", json={"items": []})).status_code,
                (await staff.patch(f"{path}/{parcel['id']}", json={})).status_code,
            ]
        async with trade.customer() as customer:
            assert (await customer.patch(f"{path}/{parcel['id']}", json={"tracking": "T9"})).status_code == 403
        assert shown.json()["fulfilments"][0]["tracking"] == "T9" and refused == [404, 422, 422]
        assert (shown.json()["timeline"][-1]["type"], again.json()) == ("tracking_changed", shown.json())
        told = await trade.sales.events.wait_for("order.updated", lambda e: e.subject == order["id"])
        assert [event.data.after["tracking"] for event in told] == ["T9"]


class TestFulfilmentMethod:
    async def test_asks_for_what_it_needs(self, trade: Trade) -> None:
        body = {"items": [trade.line()], "email": "gil@example.com", "fulfilmentMethod": "pick_up"}
        async with trade.guest() as guest:
            nowhere = await guest.post("/api/orders", json=body)
            fetched = await guest.post("/api/orders", json={**body, "shopId": trade.shop})
            digital = await guest.post("/api/orders", json={**body, "fulfilmentMethod": "digital"})
            shipped = await guest.post("/api/orders", json={**body, "fulfilmentMethod": "ship"})
            flown = await guest.post("/api/orders", json={**body, "fulfilmentMethod": "drone"})
        assert (nowhere.status_code, nowhere.json()["code"]) == (422, "shop_required")
        assert (fetched.status_code, fetched.json()["fulfilmentMethod"]) == (201, "pick_up")
        assert (digital.status_code, shipped.status_code, flown.status_code) == (201, 422, 422)
        assert shipped.json()["errors"][0]["field"] == "shippingAddress"
        async with trade.staff() as staff:
            listed = (await staff.get("/api/orders", params={"fulfilmentMethod": "pick_up"})).json()["items"]
        assert [order["id"] for order in listed] == [fetched.json()["id"]]
        created = await trade.sales.events.wait_for("order.created", lambda e: e.subject == fetched.json()["id"])
        assert created[0].data.fulfilment_method == "pick_up"

    async def test_takes_a_billing_address_beside_the_parcels(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            order = await trade.place(customer, shippingAddress=ADDRESS, billingAddress={**ADDRESS, "city": "York"})
            edited = await customer.patch(f"/api/orders/{order['id']}", json={"billingAddress": None})
        assert (order["shippingAddress"]["city"], order["billingAddress"]["city"]) == ("Leeds", "York")
        assert (edited.json()["billingAddress"], edited.json()["shippingAddress"]["city"]) == (None, "Leeds")


class TestPackingSlip:
    async def test_names_what_lies_in_one_parcel(self, trade: Trade) -> None:
        address = {**ADDRESS, "name": "Ann <b>Lee</b>"}
        async with trade.staff() as staff:
            order = await trade.place(staff, payment={"method": "cash_on_delivery"}, shippingAddress=address)
            held = [StockLine(sku="MUG", warehouse_id=where, quantity=1) for where in ("whs_1", "whs_2")]
            event = InventoryReserved.model_validate(
                {"orderId": order["id"], "lines": held, "expiresAt": "2030-01-01T00:00:00Z"}
            )
            await trade.sales.publish(event, trade.company)
            await trade.when(staff, order["id"], status="confirmed")
            item = {"itemId": order["items"][0]["id"], "quantity": 1}
            path = f"/api/orders/{order['id']}"
            wrong = await staff.post(f"{path}/fulfilments", json={"items": [item], "warehouseId": "whs_9"})
            sent = {"items": [item], "warehouseId": "whs_2", "tracking": "T1"}
            part = (await staff.post(f"{path}/fulfilments", json=sent)).json()
            slip_path = f"{path}/fulfilments/{part['fulfilments'][0]['id']}/packing-slip"
            slip = await staff.get(slip_path)
            page = await staff.get(slip_path, headers={"Accept": "text/html"})
            nothing = await staff.get(f"{path}/fulfilments/ful_x/packing-slip")
        async with trade.customer() as customer:
            assert (await customer.get(slip_path)).status_code == 403
        assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown_warehouse")
        assert part["fulfilmentStatus"] == "partially_fulfilled"
        assert [each["warehouseId"] for each in part["allocations"]] == ["whs_1", "whs_2"]
        shown = slip.json()
        assert (shown["number"], shown["tracking"], shown["warehouseId"]) == (order["number"], "T1", "whs_2")
        assert [(line["sku"], line["quantity"]) for line in shown["items"]] == [("MUG", 1)]
        assert page.headers["content-type"].startswith("text/html")
        assert order["number"] in page.text and "<b>Lee" not in page.text and "&lt;b&gt;Lee" in page.text
        assert nothing.status_code == 404


class TestRaces:
    async def test_one_of_two_copies_of_a_request_moves_the_order(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            order = await confirmed(trade, staff)
            path = f"/api/orders/{order['id']}"
            answers = await asyncio.gather(*(staff.post(f"{path}/fulfilments") for _ in range(4)))
            shown = (await staff.get(path)).json()
        assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
        assert shown["items"][0]["fulfilledQuantity"] == 2 and len(shown["fulfilments"]) == 1
