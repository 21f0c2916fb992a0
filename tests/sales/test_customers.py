"""Customer records on the real servers."""

import pytest

from common.ids import new_id
from tests.sales.conftest import ADDRESS, Trade, open_trade

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestCustomers:
    async def test_are_added_found_and_changed(self, trade: Trade) -> None:
        body = {"email": "Ann@Example.com", "name": "Ann Lee", "phone": "+442079460958", "address": ADDRESS}
        async with trade.staff("shop_staff", shop_ids=[trade.shop]) as staff:
            made = await staff.post("/api/customers", json=body)
            await staff.post("/api/customers", json={"name": "Bo"})
            path = f"/api/customers/{made.json()['id']}"
            changed = await staff.patch(path, json={"name": "Ann May", "phone": None})
            found = {
                query: [
                    row["id"] for row in (await staff.get("/api/customers", params={"search": query})).json()["items"]
                ]
                for query in ("ann m", "ANN@", "lee", "")
            }
        assert made.status_code == 201, made.text
        assert made.json() == made.json() | {
            "email": "ann@example.com",
            "name": "Ann Lee",
            "userId": None,
            "version": 1,
        }
        assert changed.json() == changed.json() | {"name": "Ann May", "phone": None, "email": "ann@example.com"}
        own = [made.json()["id"]]
        assert (found["ann m"], found["ANN@"], found["lee"], len(found[""])) == (own, own, [], 2)
        heard = await trade.sales.events.wait_for("customer.updated", lambda e: e.company_id == trade.company)
        assert heard[0].data.before == {"name": "Ann Lee", "phone": "+442079460958"}

    async def test_share_no_address(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            await staff.post("/api/customers", json={"email": "ann@example.com"})
            taken = await staff.post("/api/customers", json={"email": "ANN@example.com"})
            other = (await staff.post("/api/customers", json={"email": "bo@example.com"})).json()
            moved = await staff.patch(f"/api/customers/{other['id']}", json={"email": "Ann@Example.com"})
            nobody = [await staff.post("/api/customers", json={"name": "Cy"}) for _ in range(2)]
        assert (taken.status_code, taken.json()["code"]) == (409, "email_taken")
        assert (moved.status_code, moved.json()["code"]) == (409, "email_taken")
        assert [answer.status_code for answer in nobody] == [201, 201]

    async def test_belong_to_their_company(self, trade: Trade) -> None:
        other = await open_trade(trade.sales)
        async with trade.staff() as staff, other.staff() as stranger:
            made = (await staff.post("/api/customers", json={"email": "ann@example.com"})).json()
            assert (await stranger.get(f"/api/customers/{made['id']}")).status_code == 404
            assert (await stranger.patch(f"/api/customers/{made['id']}", json={"name": "X"})).status_code == 404
            body = {"items": [other.line()], "customerId": made["id"]}
            assert (await stranger.post("/api/orders", json=body)).status_code == 404
            assert (await stranger.post("/api/customers", json={"email": "ann@example.com"})).status_code == 201
        async with trade.customer() as customer:
            assert (await customer.get("/api/customers")).status_code == 403

    async def test_are_made_once_a_key(self, trade: Trade) -> None:
        key = {"Idempotency-Key": new_id("key")}
        async with trade.staff() as staff:
            first = await staff.post("/api/customers", json={"email": "ann@example.com"}, headers=key)
            again = await staff.post("/api/customers", json={"email": "ann@example.com"}, headers=key)
        assert first.json() == again.json()


class TestIdempotencyKey:
    async def test_a_refused_key_is_free_again(self, trade: Trade) -> None:
        key = {"Idempotency-Key": new_id("key")}
        order = {"items": [trade.line()], "shippingAddress": ADDRESS}
        async with trade.guest() as guest:
            refused = await guest.post("/api/orders", json=order, headers=key)
            mended = await guest.post("/api/orders", json={**order, "email": "ann@example.com"}, headers=key)
            changed = await guest.post("/api/orders", json={**order, "email": "bo@example.com"}, headers=key)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_body")
        assert mended.status_code == 201, mended.text
        assert (changed.status_code, changed.json()["code"]) == (422, "idempotency_key_reused")

    async def test_a_guests_order_token_is_not_kept_in_clear(self, trade: Trade) -> None:
        key = {"Idempotency-Key": new_id("key")}
        order = {"items": [trade.line()], "shippingAddress": ADDRESS, "email": "ann@example.com"}
        async with trade.guest() as guest:
            first = (await guest.post("/api/orders", json=order, headers=key)).json()
            again = (await guest.post("/api/orders", json=order, headers=key)).json()
        database = trade.sales.runtime.database
        kept = [str(each) for name in await database.list_collection_names() async for each in database[name].find()]
        assert again == first
        assert kept and not any(first["orderToken"] in each for each in kept)

    @pytest.mark.parametrize("key", ["", "k" * 256])
    async def test_of_the_wrong_length_is_refused(self, trade: Trade, key: str) -> None:
        async with trade.customer() as customer:
            answer = await customer.post(
                "/api/orders", json={"items": [trade.line()]}, headers={"Idempotency-Key": key}
            )
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_header")
        assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
