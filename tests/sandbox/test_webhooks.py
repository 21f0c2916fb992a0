"""Signed webhooks, checked by the real SDK, under retries, duplicates, holds and a killed sandbox."""

import aiohttp
import pytest
import stripe

from .conftest import SECRET, Receiver, Sandbox, make_client, pay, until


class TestDeliver:
    async def test_each_outcome(self, receiver: Receiver, client: stripe.StripeClient) -> None:
        intent = await pay(client, "pm_card_visa")
        await client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 1})
        with pytest.raises(stripe.CardError):
            await pay(client, "pm_card_visa_chargeDeclined")
        held = await pay(client, "pm_card_visa", capture_method="manual")
        await client.v1.payment_intents.cancel_async(held.id)
        await pay(
            client,
            "pm_card_authenticationRequired",
            automatic_payment_methods={"enabled": True},
            return_url="https://shop.example/",
        )
        expected = {
            "payment_intent.succeeded",
            "charge.refunded",
            "refund.created",
            "refund.updated",
            "payment_intent.payment_failed",
            "payment_intent.amount_capturable_updated",
            "payment_intent.canceled",
            "payment_intent.requires_action",
        }

        async def all_there() -> bool:
            return set(receiver.types()) == expected

        await until(all_there)
        paid = next(event for event in receiver.events if event.type == "payment_intent.succeeded")
        assert paid.data.object["id"] == intent.id
        assert paid.data.object["metadata"]["paymentId"] == "p-1"
        kept = await client.v1.events.retrieve_async(paid.id)
        assert kept.type == paid.type

    async def test_only_the_right_secret(self, receiver: Receiver, client: stripe.StripeClient) -> None:
        await pay(client, "pm_card_visa")

        async def there() -> int:
            return len(receiver.received)

        await until(there)
        payload, signature = receiver.received[0]
        stripe.Webhook.construct_event(payload, signature, SECRET, api_key="sk_test_x")
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(payload, signature, "whsec_other", api_key="sk_test_x")

    async def test_until_it_is_taken(self, sandbox: Sandbox, receiver: Receiver, client: stripe.StripeClient) -> None:
        receiver.refuse = 2
        intent = await pay(client, "pm_card_visa")

        async def taken() -> list[dict[str, object]]:
            page = await sandbox.get("/_sandbox/webhooks", subject=intent.id, state="delivered")
            found: list[dict[str, object]] = page["items"]
            return found

        [delivery] = await until(taken)
        assert (delivery["attempts"], delivery["lastStatus"]) == (3, 200)
        assert len(receiver.received) == 3

    async def test_to_a_registered_endpoint(
        self, sandbox: Sandbox, receiver: Receiver, client: stripe.StripeClient
    ) -> None:
        endpoint = await client.v1.webhook_endpoints.create_async(
            {"url": f"{receiver.url}?mine", "enabled_events": ["payment_intent.succeeded"]}
        )
        assert endpoint.secret is not None and endpoint.secret.startswith("whsec_")
        again = await client.v1.webhook_endpoints.retrieve_async(endpoint.id)
        assert "secret" not in again and again.status == "enabled"
        intent = await pay(client, "pm_card_visa")
        async with aiohttp.ClientSession() as session:
            other = await pay(make_client(sandbox, session, key="sk_test_other"), "pm_card_visa")
        mine = await sandbox.get("/_sandbox/webhooks", subject=intent.id)
        assert {item["endpoint"] for item in mine["items"]} == {"we_fixed", endpoint.id}
        theirs = await sandbox.get("/_sandbox/webhooks", subject=other.id)
        assert {item["endpoint"] for item in theirs["items"]} == {"we_fixed"}
        assert endpoint.secret not in str(mine)
        deleted = await client.v1.webhook_endpoints.delete_async(endpoint.id)
        assert deleted.deleted


class TestFaults:
    async def test_duplicates(self, sandbox: Sandbox, receiver: Receiver, client: stripe.StripeClient) -> None:
        await sandbox.faults(duplicateWebhooks=2)
        await pay(client, "pm_card_visa")

        async def thrice() -> bool:
            return len(receiver.events) == 3

        await until(thrice)
        assert len({event.id for event in receiver.events}) == 1

    async def test_held_across_a_kill_then_released(
        self, sandbox: Sandbox, receiver: Receiver, client: stripe.StripeClient
    ) -> None:
        await sandbox.faults(holdWebhooks=True)
        await pay(client, "pm_card_visa")
        sandbox.kill()
        await sandbox.start()
        assert (await sandbox.get("/_sandbox/counts"))["webhooks"]["pending"] == 1
        assert receiver.events == []
        await sandbox.clear_faults()

        async def released() -> bool:
            return receiver.types() == ["payment_intent.succeeded"]

        await until(released)

    async def test_reordered(self, sandbox: Sandbox, receiver: Receiver, client: stripe.StripeClient) -> None:
        await sandbox.faults(reorderWebhooks=True, holdWebhooks=True)
        made = [(await pay(client, "pm_card_visa")).id for _ in range(3)]
        await sandbox.faults(holdWebhooks=False)

        async def all_there() -> bool:
            return len(receiver.events) == 3

        await until(all_there)
        assert [event.data.object["id"] for event in receiver.events] == made[::-1]
