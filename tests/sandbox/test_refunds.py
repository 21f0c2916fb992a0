"""Refunds through the real SDK."""

import pytest
import stripe

from .conftest import Receiver, Sandbox, pay, until


class TestRefund:
    async def test_in_parts_never_above_what_was_captured(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        intent = await pay(client, "pm_card_visa")
        part = await client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 999})
        assert (part.status, part.amount, part.currency) == ("succeeded", 999, "gbp")
        with pytest.raises(stripe.InvalidRequestError) as caught:
            await client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 1001})
        assert caught.value.code == "amount_too_large"
        rest = await client.v1.refunds.create_async(
            {"charge": str(intent.latest_charge), "reason": "requested_by_customer"}
        )
        assert rest.amount == 1000
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await client.v1.refunds.create_async({"payment_intent": intent.id})
        assert refused.value.code == "charge_already_refunded"
        charge = await client.v1.charges.retrieve_async(str(intent.latest_charge))
        assert charge.refunded and charge.amount_refunded == 1999
        listed = await client.v1.refunds.list_async({"payment_intent": intent.id})
        assert [refund.id for refund in listed.data] == [rest.id, part.id]
        assert (await sandbox.get("/_sandbox/counts"))["refundedMinor"] == {"gbp": 1999}

    async def test_of_a_part_that_was_captured(self, client: stripe.StripeClient) -> None:
        held = await pay(client, "pm_card_visa", capture_method="manual")
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.refunds.create_async({"payment_intent": held.id})
        await client.v1.payment_intents.capture_async(held.id, {"amount_to_capture": 1500})
        refund = await client.v1.refunds.create_async({"payment_intent": held.id})
        assert refund.amount == 1500

    @pytest.mark.parametrize(
        ("card", "at_first", "in_the_end", "returned"),
        [
            ("pm_card_pendingRefund", "pending", "succeeded", 1999),
            ("pm_card_refundFail", "succeeded", "failed", 0),
        ],
    )
    async def test_settled_later(
        self,
        receiver: Receiver,
        client: stripe.StripeClient,
        card: str,
        at_first: str,
        in_the_end: str,
        returned: int,
    ) -> None:
        intent = await pay(client, card)
        refund = await client.v1.refunds.create_async({"payment_intent": intent.id})
        assert refund.status == at_first

        async def settled() -> bool:
            return (await client.v1.refunds.retrieve_async(refund.id)).status == in_the_end

        async def told() -> bool:
            return receiver.types().count("refund.updated") == 2

        await until(settled)
        await until(told)
        charge = await client.v1.charges.retrieve_async(str(intent.latest_charge))
        assert charge.amount_refunded == returned
