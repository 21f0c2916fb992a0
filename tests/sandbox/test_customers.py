"""Customers and their saved cards through the real SDK."""

import pytest
import stripe

from .conftest import pay


class TestSavedCard:
    async def test_is_attached_charged_and_detached(self, client: stripe.StripeClient) -> None:
        customer = await client.v1.customers.create_async({"email": "anna@example.test", "name": "Anna"})
        card = await client.v1.payment_methods.attach_async("pm_card_mastercard", {"customer": customer.id})
        assert card.customer == customer.id and card.card is not None and card.card.brand == "mastercard"
        intent = await pay(client, card.id, customer=customer.id, off_session=True)
        assert (intent.status, intent.customer) == ("succeeded", customer.id)
        theirs = await client.v1.payment_intents.list_async({"customer": customer.id})
        assert [one.id for one in theirs.data] == [intent.id]
        saved = await client.v1.customers.payment_methods.list_async(customer.id)
        assert [one.id for one in saved.data] == [card.id]
        await client.v1.payment_methods.detach_async(card.id)
        assert (await client.v1.customers.payment_methods.list_async(customer.id)).data == []

    async def test_of_another_customer_is_refused(self, client: stripe.StripeClient) -> None:
        anna, ben = [await client.v1.customers.create_async({"name": name}) for name in ("Anna", "Ben")]
        card = await client.v1.payment_methods.attach_async("pm_card_visa", {"customer": anna.id})
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.payment_methods.attach_async(card.id, {"customer": ben.id})


class TestCustomer:
    async def test_is_changed_and_deleted(self, client: stripe.StripeClient) -> None:
        customer = await client.v1.customers.create_async({"name": "Anna", "metadata": {"a": "1", "b": "2"}})
        changed = await client.v1.customers.update_async(
            customer.id, {"email": "anna@example.test", "metadata": {"b": ""}}
        )
        assert (changed.email, changed.name) == ("anna@example.test", "Anna")
        assert changed.metadata is not None and changed.metadata.to_dict() == {"a": "1"}
        assert (await client.v1.customers.delete_async(customer.id)).deleted
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.customers.retrieve_async(customer.id)
