"""Companies' own accounts at the providers: their keys, their callbacks, their payments and nobody else's."""

import secrets
from typing import Any

import pytest

from common.ids import new_id

from .conftest import WEBHOOK_SECRET, Shop
from .test_webhooks import event, intent, send, signed

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/api/payments/accounts"


def stripe_keys(**more: Any) -> dict[str, Any]:
    keys = {"secretKey": f"sk_test_{secrets.token_hex(8)}", "webhookSecret": f"whsec_{secrets.token_hex(8)}"}
    return {"provider": "stripe", "name": "Our own", **keys, **more}


async def connected(shop: Shop, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An account, and the keys it was made with."""
    keys = stripe_keys(**more)
    async with shop.admin() as admin:
        answer = await admin.post(PATH, json=keys)
    assert answer.status_code == 201, answer.text
    return answer.json(), keys


class TestConnect:
    async def test_verifies_seals_and_never_shows_the_keys(self, shop: Shop) -> None:
        account, keys = await connected(shop)
        async with shop.admin() as admin:
            listed = await admin.get(PATH)
        stored = await shop.on.provider_accounts.collection.find_one({"_id": account["id"]})
        for secret in (keys["secretKey"], keys["webhookSecret"]):
            assert secret not in str(account) + listed.text + str(stored)
        assert account["externalId"] and account["keys"] == ["secretKey", "webhookSecret"]
        assert account["webhookUrl"].endswith(f"/api/payments/webhooks/stripe/{account['id']}")

    async def test_refuses_keys_that_the_provider_does_not_know(self, shop: Shop) -> None:
        bad = {"provider": "paypal", "name": "P", "clientId": "client-of-the-tests", "clientSecret": "wrong-one"}
        async with shop.admin() as admin:
            for body in (stripe_keys(secretKey="sk_live_nobody"), bad):
                answer = await admin.post(PATH, json=body)
                assert (answer.status_code, answer.json()["code"]) == (422, "account_refused"), body
            assert (await admin.get(PATH)).json()["items"] == []

    @pytest.mark.parametrize(
        "body",
        [
            {"provider": "stripe", "name": "S"},
            {"provider": "paypal", "name": "P", "clientId": "abcd"},
            {"provider": "stripe", "name": "S", "secretKey": "sk_test_x", "clientSecret": "abcd"},
            {"provider": "bank", "name": "S", "secretKey": "sk_test_x"},
        ],
    )
    async def test_refuses_a_body_that_does_not_fit_the_provider(self, shop: Shop, body: dict[str, Any]) -> None:
        async with shop.admin() as admin:
            assert (await admin.post(PATH, json=body)).status_code == 422

    async def test_takes_one_active_of_a_provider(self, shop: Shop) -> None:
        await connected(shop)
        async with shop.admin() as admin:
            answer = await admin.post(PATH, json=stripe_keys())
        assert (answer.status_code, answer.json()["code"]) == (409, "account_taken")

    async def test_is_for_those_who_configure(self, shop: Shop) -> None:
        account, _ = await connected(shop)
        async with shop.harness.user("shop_manager", shop.company, shop_ids=["shp_1"]) as manager:
            assert (await manager.get(PATH)).status_code == 403
        async with shop.harness.user("company_admin", new_id("cmp")) as other:
            assert (await other.patch(f"{PATH}/{account['id']}", json={"name": "Mine"})).status_code == 404
            assert (await other.delete(f"{PATH}/{account['id']}")).status_code == 404


class TestUse:
    async def test_takes_the_companys_payments_and_gives_them_back(self, shop: Shop) -> None:
        account, _ = await connected(shop)
        order = await shop.order()
        payment = (await shop.hears("payment.succeeded", order)).payment_id
        assert (await shop.stored(payment)).account_id == account["id"]
        async with shop.admin() as admin:
            off = await admin.patch(f"{PATH}/{account['id']}", json={"status": "disabled"})
            assert off.json()["status"] == "disabled"
            back = await admin.post(f"/api/payments/{payment}/refund", json={"reason": "x"})
        assert (back.status_code, back.json()["status"]) == (201, "succeeded")
        other = await shop.order()
        assert (await shop.stored((await shop.hears("payment.succeeded", other)).payment_id)).account_id == "platform"

    async def test_exchanged_keys_are_used_at_once(self, shop: Shop) -> None:
        account, _ = await connected(shop)
        async with shop.admin() as admin:
            foreign = await admin.patch(f"{PATH}/{account['id']}", json={"secretKey": "sk_test_of_another"})
            renamed = await admin.patch(f"{PATH}/{account['id']}", json={"webhookSecret": "whsec_new_one"})
        assert (foreign.status_code, foreign.json()["code"]) == (422, "account_refused")
        body = event("customer.created", {"id": "cus_1", "object": "customer", "metadata": {}})
        path = f"/api/payments/webhooks/stripe/{account['id']}"
        assert renamed.status_code == 200
        assert (await send(shop, body, signed(body, secret="whsec_new_one"), path)).status_code == 204

    async def test_is_disconnected_only_when_nothing_is_under_way(self, shop: Shop) -> None:
        account, _ = await connected(shop)
        order = await shop.order(capture="manual")
        payment = (await shop.hears("payment.authorized", order)).payment_id
        async with shop.admin() as admin:
            used = await admin.delete(f"{PATH}/{account['id']}")
            await admin.post(f"/api/payments/{payment}/void")
            gone = await admin.delete(f"{PATH}/{account['id']}")
            assert (await admin.get(PATH)).json()["items"] == []
        assert (used.status_code, used.json()["code"], gone.status_code) == (409, "account_in_use", 204)
        stored = await shop.on.provider_accounts.for_company(shop.company).get(account["id"])
        assert stored.sealed_keys == {}


class TestCallbacks:
    async def test_only_its_own_secret_opens_its_door(self, shop: Shop) -> None:
        account, keys = await connected(shop)
        path = f"/api/payments/webhooks/stripe/{account['id']}"
        body = event("customer.created", {"id": "cus_1", "object": "customer", "metadata": {}})
        assert (await send(shop, body, signed(body), path)).status_code == 400
        own = signed(body, secret=keys["webhookSecret"])
        assert (await send(shop, body, own)).status_code == 400
        assert (await send(shop, body, own, path)).status_code == 204
        assert (await send(shop, body, own, path.replace("stripe", "paypal"))).status_code == 404

    async def test_it_speaks_of_its_own_payments_alone(self, shop: Shop) -> None:
        order = await shop.order(token="pm_card_authenticationRequired")
        payment = (await shop.hears("payment.requires_action", order)).payment_id
        account, keys = await connected(shop)
        told = event("payment_intent.succeeded", intent(shop, payment, "succeeded"))
        path = f"/api/payments/webhooks/stripe/{account['id']}"
        assert (await send(shop, told, signed(told, secret=keys["webhookSecret"]), path)).status_code == 204
        elsewhere = Shop(shop.harness, shop.sales, shop.sandbox)
        thief, theirs = await connected(elsewhere)
        path = f"/api/payments/webhooks/stripe/{thief['id']}"
        assert (await send(shop, told, signed(told, secret=theirs["webhookSecret"]), path)).status_code == 204
        assert (await shop.stored(payment)).status == "requires_action"

    async def test_what_came_too_early_is_tried_again(self, shop: Shop) -> None:
        order = await shop.order(token="pm_card_authenticationRequired")
        payment = (await shop.hears("payment.requires_action", order)).payment_id
        told = intent(shop, payment, "succeeded")
        unknown = new_id("pay")
        told["metadata"] = {**told["metadata"], "paymentId": unknown}
        body = event("payment_intent.succeeded", told)
        assert (await send(shop, body, signed(body, secret=WEBHOOK_SECRET))).status_code == 204
        async with shop.admin() as admin:
            items = (await admin.get("/api/payments/provider-events")).json()["items"]
        assert [(each["status"], each["paymentId"]) for each in items] == [("waiting", unknown)]
        stored = await shop.on.payments.collection.find_one({"_id": payment})
        assert stored is not None
        await shop.on.payments.collection.insert_one({**stored, "_id": unknown, "outbox": [], "sequence": 50})
        await shop.run_sweeper_as_of(5)
        async with shop.admin() as admin:
            items = (await admin.get("/api/payments/provider-events")).json()["items"]
        assert [(each["status"], each["attempts"]) for each in items] == [("handled", 2)]
        assert (await shop.stored(unknown)).status == "succeeded"

    async def test_the_list_is_for_those_who_configure(self, shop: Shop) -> None:
        async with shop.harness.user("shop_staff", shop.company, shop_ids=["shp_1"]) as staff:
            assert (await staff.get("/api/payments/provider-events")).status_code == 403
