"""Customer records on the real servers."""

import pytest

from common.events.identity import UserRegistered
from common.ids import new_id
from services.sales.service.customers import WantedCustomers
from services.sales.store import Customers
from tests.sales.conftest import ADDRESS, Trade, eventually, open_trade

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


class TestLabels:
    async def test_narrow_lists_and_are_cleared_by_null(self, trade: Trade) -> None:
        second = {**ADDRESS, "city": "York"}
        body = {"name": "Ann", "tags": ["trade", "trade", "vip"], "groups": ["North"], "addresses": [ADDRESS, second]}
        async with trade.staff() as staff:
            ann = (await staff.post("/api/customers", json=body)).json()
            bo = (await staff.post("/api/customers", json={"name": "Bo", "tags": ["trade"]})).json()
            found = {
                name: [row["id"] for row in (await staff.get("/api/customers", params=query)).json()["items"]]
                for name, query in {
                    "tag": {"tag": "trade"},
                    "vip": {"tag": "vip"},
                    "group": {"group": "North"},
                    "neither": {"tag": "vip", "search": "bo"},
                    "by_name": {"sort": "-name"},
                }.items()
            }
            cleared = await staff.patch(f"/api/customers/{ann['id']}", json={"tags": None, "addresses": [second]})
            wrong = [
                (await staff.post("/api/customers", json={"tags": [""]})).status_code,
                (await staff.post("/api/customers", json={"tags": ["x" * 51]})).status_code,
                (await staff.post("/api/customers", json={"addresses": [ADDRESS] * 21})).status_code,
                (await staff.patch(f"/api/customers/{ann['id']}", json={"archivedAt": None})).status_code,
            ]
        assert (ann["tags"], ann["groups"], [each["city"] for each in ann["addresses"]]) == (
            ["trade", "vip"],
            ["North"],
            ["Leeds", "York"],
        )
        assert found == {
            "tag": [bo["id"], ann["id"]],
            "vip": [ann["id"]],
            "group": [ann["id"]],
            "neither": [],
            "by_name": [bo["id"], ann["id"]],
        }
        assert (cleared.json()["tags"], len(cleared.json()["addresses"]), cleared.json()["groups"]) == (
            [],
            1,
            ["North"],
        )
        assert wrong == [422] * 4
        heard = await trade.sales.events.wait_for("customer.updated", lambda e: e.company_id == trade.company)
        assert heard[0].data.before["tags"] == ["trade", "vip"]


class TestArchive:
    async def test_hides_a_customer_and_refuses_new_orders(self, trade: Trade) -> None:
        other = await open_trade(trade.sales)
        async with trade.staff() as staff, other.staff() as stranger:
            made = (await staff.post("/api/customers", json={"email": "ann@example.com", "name": "Ann"})).json()
            path = f"/api/customers/{made['id']}"
            order = await trade.place(staff, customerId=made["id"])
            assert (await stranger.delete(path)).status_code == 404
            stale = await staff.delete(path, headers={"If-Match": '"9"'})
            gone = [(await staff.delete(path)).status_code for _ in range(2)]
            listed = (await staff.get("/api/customers")).json()["items"]
            archived = (await staff.get("/api/customers", params={"archived": "true"})).json()["items"]
            shown = (await staff.get(path)).json()
            refused = await staff.post("/api/orders", json={"items": [trade.line()], "customerId": made["id"]})
            kept = (await staff.get(f"/api/orders/{order['id']}")).json()
            taken = await staff.post("/api/customers", json={"email": "ann@example.com"})
        async with trade.customer(made["id"]) as customer:
            assert (await customer.delete(path)).status_code == 403
            own = await customer.post("/api/orders", json={"items": [trade.line()]})
        assert (stale.status_code, gone, listed) == (412, [204, 204], [])
        assert [row["id"] for row in archived] == [made["id"]]
        assert shown["archivedAt"] is not None and (kept["customerId"], kept["customerName"]) == (made["id"], "Ann")
        assert (refused.status_code, refused.json()["code"]) == (409, "customer_archived")
        assert (own.status_code, own.json()["code"]) == (409, "customer_archived")
        assert (taken.status_code, taken.json()["code"]) == (409, "email_taken")
        told = await trade.sales.events.wait_for("customer.archived", lambda e: e.subject == made["id"])
        assert len([e for e in trade.sales.events.heard if e.type == told[0].type and e.subject == made["id"]]) == 1


class TestNotes:
    async def test_are_written_and_listed(self, trade: Trade) -> None:
        other = await open_trade(trade.sales)
        async with trade.staff("shop_staff", shop_ids=[trade.shop]) as staff, other.staff() as stranger:
            made = (await staff.post("/api/customers", json={"name": "Ann"})).json()
            path = f"/api/customers/{made['id']}/notes"
            for text in ("first", "second"):
                assert (await staff.post(path, json={"text": text})).status_code == 201
            page = (await staff.get(path, params={"limit": 1})).json()
            rest = (await staff.get(path, params={"limit": 1, "cursor": page["nextCursor"]})).json()
            foreign = [
                (await stranger.get(path)).status_code,
                (await stranger.post(path, json={"text": "x"})).status_code,
            ]
        assert [note["text"] for note in page["items"] + rest["items"]] == ["second", "first"]
        assert rest["nextCursor"] is None and foreign == [404, 404]
        assert (await trade.sales.events.wait_for("customer.noted", lambda e: e.data.customer_id == made["id"]))[0]


class TestGuests:
    async def test_keep_their_orders_apart_from_an_account_of_the_same_address(self, trade: Trade) -> None:
        async with trade.guest() as guest:
            order = await trade.place(guest, email="gil@example.com", shippingAddress=ADDRESS)
        customer_id, user_id = new_id("cus"), new_id("usr")
        registered = UserRegistered(user_id=user_id, email="gil@example.com", name="Gil", customer_id=customer_id)
        await trade.sales.publish(registered, trade.company)
        async with trade.staff() as staff:

            async def look() -> bool:
                return (await staff.get(f"/api/customers/{customer_id}")).status_code == 200

            await eventually(look)
        async with trade.customer(customer_id, user_id) as gil:
            assert (await gil.get(f"/api/orders/{order['id']}")).status_code == 404
            assert (await gil.get("/api/orders")).json()["items"] == []


class TestIndexes:
    @pytest.mark.parametrize(
        "wanted",
        [
            WantedCustomers(),
            WantedCustomers(tag="vip"),
            WantedCustomers(group="North"),
            WantedCustomers(search="ann"),
            WantedCustomers(email="a@b.c"),
        ],
    )
    async def test_serve_each_list(self, trade: Trade, wanted: WantedCustomers) -> None:
        store = Customers(trade.sales.runtime.ground).for_company(trade.company)
        found = store.collection.find(store.scope(wanted.criteria()))
        plan = str((await found.sort([("createdAt", -1), ("_id", -1)]).explain())["queryPlanner"]["winningPlan"])
        assert "COLLSCAN" not in plan and "IXSCAN" in plan
        assert "'SORT'" not in plan or wanted.search or wanted.email, plan


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
