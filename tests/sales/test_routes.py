"""Routes of orders on the real servers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.ids import new_id
from tests.sales.conftest import ADDRESS, Trade, open_trade

pytestmark = pytest.mark.asyncio(loop_scope="module")

MONEY_2000 = {"amount": 2000, "currency": "GBP"}


class TestPlace:
    async def test_answers_the_whole_order(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            answer = await customer.post(
                "/api/orders",
                json={
                    "items": [
                        trade.line(),
                        trade.line(),
                        {"product_id": trade.shirt, "variant_id": trade.small, "quantity": 1},
                    ],
                    "expectedTotal": {"amount": 4500, "currency": "GBP"},
                    "shippingAddress": ADDRESS,
                },
            )
            shown = answer.json()
            listed = (await customer.get("/api/orders")).json()["items"]
        assert answer.status_code == 201, answer.text
        assert [item["sku"] for item in shown["items"]] == ["MUG", "MUG", "SHIRT-S"]
        assert shown["totals"] == {
            "subtotal": {"amount": 4500, "currency": "GBP"},
            "discount": {"amount": 0, "currency": "GBP"},
            "tax": {"amount": 0, "currency": "GBP"},
            "shipping": {"amount": 0, "currency": "GBP"},
            "grandTotal": {"amount": 4500, "currency": "GBP"},
            "taxInclusive": True,
        }
        expected = {"status": "pending", "paymentStatus": "unpaid", "fulfilmentStatus": "unfulfilled", "channel": "web"}
        assert shown == shown | expected | {"customerId": trade.owner, "payment": None, "version": 1, "payments": []}
        assert "orderToken" not in shown and answer.headers["etag"] == '"1"'
        assert [order["id"] for order in listed] == [shown["id"]]

    async def test_tells_the_new_total(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            body = {"items": [trade.line(2)], "expectedTotal": {"amount": 1999, "currency": "GBP"}}
            answer = await customer.post("/api/orders", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "order_total_changed")
        assert answer.json()["currentTotal"] == MONEY_2000

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"items": []}, 422, "invalid_body"),
            ({}, 422, "invalid_body"),
            ({"colour": "red"}, 422, "invalid_body"),
            ({"couponCode": "SPRING"}, 422, "coupon_invalid"),
            ({"placedAt": "2011-01-04T10:00:00Z"}, 403, "permission_denied"),
            ({"payment": {"method": "cash"}}, 403, "permission_denied"),
            ({"customerId": "cus_1"}, 403, "permission_denied"),
            ({"shopId": "shp_1"}, 503, "unavailable"),
            ({"cartId": "../orders/ord_1"}, 422, "invalid_body"),
        ],
    )
    async def test_refuses_customers(self, trade: Trade, body: dict[str, Any], status: int, code: str) -> None:
        async with trade.customer() as customer:
            sent = body if body.get("items") == [] or not body else {"items": [trade.line()], **body}
            answer = await customer.post("/api/orders", json=sent)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text

    async def test_refuses_a_price_of_ones_own(self, trade: Trade) -> None:
        item = trade.line(unitPrice={"amount": 1, "currency": "GBP"})
        async with trade.customer() as customer, trade.staff("shop_staff", shop_ids=[trade.shop]) as seller:
            by_customer = await customer.post("/api/orders", json={"items": [item]})
            by_seller = await seller.post("/api/orders", json={"items": [item], "shopId": trade.shop})
        assert by_customer.status_code == by_seller.status_code == 403

    async def test_wants_the_variant(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            answer = await customer.post("/api/orders", json={"items": [{"productId": trade.shirt, "quantity": 1}]})
        assert (answer.status_code, answer.json()["code"]) == (422, "variant_required")
        assert answer.json()["errors"][0]["field"] == "items.0.variantId"

    async def test_lets_staff_enter_an_old_order_at_its_price(self, trade: Trade) -> None:
        async with trade.staff("shop_manager", shop_ids=[trade.shop]) as staff:
            customer = (await staff.post("/api/customers", json={"email": "Bo@Example.com"})).json()
            order = await trade.place(
                staff,
                items=[trade.line(3, unitPrice={"amount": 255, "currency": "GBP"})],
                customerId=customer["id"],
                shopId=trade.shop,
                placedAt="2011-01-04T10:00:00Z",
                payment={"method": "on_account"},
            )
        assert (order["placedAt"], order["channel"], order["email"]) == (
            "2011-01-04T10:00:00Z",
            "staff",
            "bo@example.com",
        )
        assert order["totals"]["grandTotal"]["amount"] == 765
        assert datetime.fromisoformat(order["deadlineAt"]) > datetime.now(UTC) + timedelta(minutes=10)

    async def test_sells_in_the_one_shop_where_somebody_works(self, trade: Trade) -> None:
        body = {"items": [trade.line()]}
        async with trade.staff("shop_staff", shop_ids=[trade.shop]) as one, trade.staff("shop_staff") as none:
            assert (await trade.place(one))["shopId"] == trade.shop
            refused = await none.post("/api/orders", json=body)
            foreign = await one.post("/api/orders", json={**body, "shopId": new_id("shp")})
        assert (refused.status_code, refused.json()["code"]) == (422, "shop_required")
        assert foreign.status_code == 404

    async def test_wants_a_customer_on_account(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            body = {"items": [trade.line()], "payment": {"method": "on_account"}}
            answer = await staff.post("/api/orders", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "customer_required")

    async def test_happens_once_a_key(self, trade: Trade) -> None:
        key = {"Idempotency-Key": new_id("key")}
        async with trade.customer(user_id="usr_1") as customer:
            first = await customer.post("/api/orders", json={"items": [trade.line()]}, headers=key)
            again = await customer.post("/api/orders", json={"items": [trade.line()]}, headers=key)
            other = await customer.post("/api/orders", json={"items": [trade.line(2)]}, headers=key)
            listed = (await customer.get("/api/orders")).json()["items"]
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert len(listed) == 1

    async def test_waits_for_the_end_when_asked_to(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            body = {"items": [trade.line()], "payment": {"method": "cash_on_delivery"}}
            call = asyncio.create_task(customer.post("/api/orders", json=body, headers={"Prefer": "wait=10"}))
            created = await trade.sales.events.wait_for("order.created", lambda e: e.company_id == trade.company)
            assert not call.done()
            await trade.reserve(created[0].subject)
            answer = await call
        assert (answer.status_code, answer.json()["status"]) == (201, "confirmed")

    async def test_takes_as_many_lines_as_real_invoices_have(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            order = await trade.place(staff, items=[trade.line() for _ in range(674)])
            too_many = await staff.post("/api/orders", json={"items": [trade.line()] * 1001})
        assert order["totals"]["grandTotal"]["amount"] == 674_000
        assert too_many.status_code == 422

    async def test_gives_each_order_a_number_of_its_own(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            orders = await asyncio.gather(*(trade.place(customer) for _ in range(12)))
        assert len({order["number"] for order in orders}) == 12
        assert all(order["number"].startswith("SO-") for order in orders)


class TestGuest:
    async def test_reads_and_cancels_with_the_token_only(self, trade: Trade) -> None:
        async with trade.guest() as guest:
            order = await trade.place(guest, email="Gil@Example.com", shippingAddress=ADDRESS)
            path, token = f"/api/orders/{order['id']}", {"X-Order-Token": order["orderToken"]}
            without = await guest.get(path)
            wrong = await guest.get(path, headers={"X-Order-Token": "0" * 64})
            shown = await guest.get(path, headers=token)
            cancelled = await guest.post(f"{path}/cancel", headers=token)
        async with trade.customer() as stranger:
            assert (await stranger.get(path)).status_code == 404
        assert (without.status_code, wrong.status_code, shown.status_code) == (401, 404, 200)
        assert "orderToken" not in shown.json() and shown.json()["email"] == "gil@example.com"
        assert (cancelled.json()["status"], cancelled.json()["cancelReason"]) == ("cancelled", "customer")
        stored = await trade.sales.runtime.database["orders"].find_one({"_id": order["id"]})
        assert order["orderToken"] not in str(stored)

    async def test_needs_an_address(self, trade: Trade) -> None:
        async with trade.guest() as guest:
            answer = await guest.post("/api/orders", json={"items": [trade.line()]})
        assert {error["field"] for error in answer.json()["errors"]} == {"email", "shippingAddress"}

    async def test_is_refused_where_the_company_says_so(self, trade: Trade) -> None:
        closed = await open_trade(trade.sales, guest_checkout=False)
        async with closed.guest() as guest:
            body = {"items": [closed.line()], "email": "g@example.com", "shippingAddress": ADDRESS}
            answer = await guest.post("/api/orders", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "guest_checkout_disabled")


class TestRead:
    async def test_shows_an_order_to_nobody_else(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            order = await trade.place(customer, shopId=trade.shop)
        path = f"/api/orders/{order['id']}"
        other = await open_trade(trade.sales)
        strangers = [
            trade.customer(new_id("cus")),
            trade.staff("shop_staff", shop_ids=[new_id("shp")]),
            other.staff(),
            trade.sales.user("customer", None, tenant=trade.company),
        ]
        for stranger in strangers:
            async with stranger:
                assert (await stranger.get(path)).status_code == 404
                assert (await stranger.post(f"{path}/cancel")).status_code in (404, 403)
                assert (await stranger.get("/api/orders")).json()["items"] == []
        for friend in (trade.customer(), trade.staff(), trade.staff("shop_staff", shop_ids=[trade.shop])):
            async with friend:
                assert (await friend.get(path)).status_code == 200
                assert len((await friend.get("/api/orders")).json()["items"]) == 1

    async def test_gives_a_platform_customer_a_record_with_the_first_order(self, trade: Trade) -> None:
        async with trade.sales.user("customer", None, tenant=trade.company, user_id="usr_platform") as customer:
            first, second = await trade.place(customer), await trade.place(customer)
            assert (await customer.get(f"/api/orders/{first['id']}")).status_code == 200
        assert first["customerId"] == second["customerId"] is not None


class TestList:
    async def test_is_narrowed_and_paged(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            old = await trade.place(staff, placedAt="2011-01-04T10:00:00Z", email="ann@example.com")
            new = [await trade.place(staff) for _ in range(3)]

            async def ids(**query: Any) -> list[str]:
                answer = await staff.get("/api/orders", params=query)
                assert answer.status_code == 200, answer.text
                return [order["id"] for order in answer.json()["items"]]

            newest_first = [order["id"] for order in reversed(new)]
            assert await ids() == [*newest_first, old["id"]]
            assert await ids(**{"from": "2011-01-04", "to": "2011-01-04"}) == [old["id"]]
            assert await ids(to="2011-01-03") == []
            assert await ids(search="ANN@") == await ids(search=old["number"].lower()) == [old["id"]]
            assert await ids(status="confirmed") == await ids(channel="pos") == []
            assert await ids(sort="placedAt", limit=1) == [old["id"]]
            page = (await staff.get("/api/orders", params={"limit": 2})).json()
            assert await ids(limit=2, cursor=page["nextCursor"]) == [newest_first[2], old["id"]]
            assert await ids(status="pending", limit=2, cursor=page["nextCursor"]) == [newest_first[2], old["id"]]
            for query in (
                {"from": "soon"},
                {"status": "lost"},
                {"colour": "red"},
                {"sort": "email"},
                {"search": "a\x00"},
            ):
                answer = await staff.get("/api/orders", params=query)
                assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query"), query


class TestLifecycle:
    async def test_goes_from_placed_to_delivered(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            order = await trade.place(staff, payment={"method": "cash_on_delivery"})
            path = f"/api/orders/{order['id']}"
            early = await staff.post(f"{path}/status", json={"status": "processing"})
            await trade.reserve(order["id"])
            await trade.when(staff, order["id"], status="confirmed")
            edited = await staff.patch(path, json={"note": "ring twice", "shippingAddress": ADDRESS})
            await staff.post(f"{path}/status", json={"status": "processing"})
            item = order["items"][0]["id"]
            part = await staff.post(
                f"{path}/fulfilments", json={"items": [{"itemId": item, "quantity": 1}], "tracking": "T1"}
            )
            over = await staff.post(f"{path}/fulfilments", json={"items": [{"itemId": item, "quantity": 2}]})
            refused = await staff.post(f"{path}/cancel")
            rest = await staff.post(f"{path}/fulfilments")
            late = await staff.patch(path, json={"note": "too late"})
            delivered = await staff.post(f"{path}/deliver")
            done = await staff.post(f"{path}/status", json={"status": "completed"})
        assert (early.status_code, early.json()["code"]) == (409, "invalid_transition")
        assert (edited.json()["note"], edited.json()["shippingAddress"]["city"]) == ("ring twice", "Leeds")
        assert (part.json()["fulfilmentStatus"], part.json()["items"][0]["fulfilledQuantity"]) == (
            "partially_fulfilled",
            1,
        )
        assert (over.status_code, over.json()["code"]) == (409, "quantity_exceeds_open")
        assert (refused.status_code, refused.json()["code"]) == (409, "return_required")
        assert rest.json()["fulfilmentStatus"] == "fulfilled" and len(rest.json()["fulfilments"]) == 2
        assert late.status_code == 409
        assert delivered.json()["fulfilmentStatus"] == "delivered"
        assert (done.json()["status"], done.json()["paymentStatus"]) == ("completed", "unpaid")
        heard = await trade.sales.events.wait_for("order.fulfilled", lambda e: e.subject == order["id"], count=2)
        assert [event.data.fulfilment_status for event in heard] == ["partially_fulfilled", "fulfilled"]

    async def test_ships_once_a_key(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            order = await trade.place(staff, payment={"method": "cash_on_delivery"})
            await trade.reserve(order["id"])
            await trade.when(staff, order["id"], status="confirmed")
            body = {"items": [{"itemId": order["items"][0]["id"], "quantity": 1}]}
            key = {"Idempotency-Key": new_id("key")}
            for _ in range(2):
                shown = await staff.post(f"/api/orders/{order['id']}/fulfilments", json=body, headers=key)
        assert shown.json()["items"][0]["fulfilledQuantity"] == 1

    async def test_cancels_once(self, trade: Trade) -> None:
        async with trade.customer() as customer, trade.staff() as staff:
            order = await trade.place(customer, payment={"method": "cash_on_delivery"})
            await trade.reserve(order["id"])
            await trade.when(customer, order["id"], status="confirmed")
            path = f"/api/orders/{order['id']}/cancel"
            first = await customer.post(path, json={"reason": "changed my mind"})
            again = await staff.post(path)
        assert first.json() == again.json()
        assert (first.json()["cancelReason"], first.json()["timeline"][-1]["note"]) == ("customer", "changed my mind")
        heard = await trade.sales.events.wait_for("order.cancelled", lambda e: e.subject == order["id"])
        assert heard[0].data.was_confirmed

    async def test_refuses_an_old_version(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            order = await trade.place(staff)
            path = f"/api/orders/{order['id']}"
            await staff.patch(path, json={"note": "a"}, headers={"If-Match": '"1"'})
            stale = await staff.patch(path, json={"note": "b"}, headers={"If-Match": '"1"'})
            fixed = await staff.patch(path, json={"number": "X"})
        assert (stale.status_code, fixed.status_code, fixed.json()["code"]) == (412, 422, "immutable_field")


class TestInternal:
    async def test_tells_whose_account_is_behind_an_order(self, trade: Trade) -> None:
        who = trade.sales.user("customer", None, tenant=trade.company, user_id="usr_platform")
        async with who as customer, trade.guest() as guest:
            own = await trade.place(customer)
            theirs = await trade.place(guest, email="g@example.com", shippingAddress=ADDRESS)
        async with trade.sales.service_client("payment", trade.company) as payment:
            told = [(await payment.get(f"/internal/orders/{order['id']}")).json() for order in (own, theirs)]
        assert [each["customerUserId"] for each in told] == ["usr_platform", None]

    async def test_tells_services_and_gives_the_token_to_payment_alone(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            order = await trade.place(customer, payment={"method": "card", "paymentMethodToken": "pm_card_visa"})
            assert (await customer.get(f"/internal/orders/{order['id']}")).status_code == 403
        path = f"/internal/orders/{order['id']}"
        async with trade.sales.service_client("payment", trade.company) as payment:
            facts = (await payment.get(path)).json()
            token = (await payment.get(f"{path}/instrument")).json()
        async with trade.sales.service_client("catalog", trade.company) as catalog:
            assert (await catalog.get(f"{path}/instrument")).status_code == 403
        async with trade.sales.service_client("payment", new_id("cmp")) as elsewhere:
            assert (await elsewhere.get(f"{path}/instrument")).status_code == 404
        assert facts == facts | {
            "orderId": order["id"],
            "total": MONEY_2000,
            "hasPaymentToken": True,
            "paymentMethod": "card",
        }
        assert token["paymentMethodToken"] == "pm_card_visa"
        assert (token["placedBy"]["kind"], set(token["placedBy"])) == ("customer", {"kind", "id", "address"})
        stored = await trade.sales.runtime.database["payment_instruments"].find_one({"_id": order["id"]})
        assert "pm_card_visa" not in str(stored)
        assert "pm_card_visa" not in str(await trade.sales.runtime.database["orders"].find_one({"_id": order["id"]}))

    async def test_is_never_a_card_number(self, trade: Trade) -> None:
        payment = {"method": "card", "paymentMethodToken": "4242 4242 4242 4242"}
        async with trade.customer() as customer:
            answer = await customer.post("/api/orders", json={"items": [trade.line()], "payment": payment})
            listed = await customer.get("/api/orders")
        assert (answer.status_code, answer.json()["code"]) == (422, "card_number_refused")
        assert listed.json()["items"] == []
