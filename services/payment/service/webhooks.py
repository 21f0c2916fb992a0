"""What the provider calls back with: any order, any number of times; the signature is checked before this."""

import hmac
from typing import Any

import stripe

from common.errors import NotFound
from common.logging import get_logger
from services.payment.clients import ProviderUnreachable, named_in, outcome_of, read_stripe_event, refund_outcome_of
from services.payment.domain import Payment
from services.payment.service.charging import Charging
from services.payment.service.foundation import Foundation
from services.payment.service.refunding import Refunding

log = get_logger(__name__)

REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
INTENT_EVENTS = (
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "payment_intent.requires_action",
)


class Webhooks:
    """One account of one provider: its secret opens only its own door."""

    def __init__(
        self, on: Foundation, charging: Charging, refunding: Refunding, *, account_id: str, secret: str
    ) -> None:
        self._on = on
        self._charging = charging
        self._refunding = refunding
        self._account_id = account_id
        self._secret = secret

    async def take_stripe(self, account_id: str, body: bytes, signature: str | None) -> None:
        """Take one event. Raises NotFound for an unknown account, BadRequest for a bad signature or event."""
        if not hmac.compare_digest(account_id.encode(), self._account_id.encode()):
            raise NotFound("account")
        event = read_stripe_event(body, signature, self._secret, self._on.clock.now())
        seen = f"stripe|{account_id}|{event.id}"
        if await self._on.books.was_seen(seen):
            return
        await self._take(event)
        await self._on.books.mark_seen(seen, event.type)

    async def _take(self, event: stripe.Event) -> None:
        told: Any = event.data.object
        if event.type in INTENT_EVENTS:
            await self._intent(told)
        elif event.type in REFUND_EVENTS:
            await self._refund(told)

    async def _intent(self, intent: stripe.PaymentIntent) -> None:
        payment = await self._payment_of(intent.metadata)
        if payment is None:
            return
        outcome = outcome_of(intent)
        if outcome.kind == "succeeded":
            await self._charging.settle(payment, outcome)
        elif payment.status == "requires_action":
            await self._confirm(payment)

    async def _confirm(self, payment: Payment) -> None:
        """Events come in any order: what is not a capture counts as the provider tells it now."""
        try:
            outcome = await self._on.provider("stripe").find(payment)
        except ProviderUnreachable as error:
            log.warning("webhook_open", paymentId=payment.id, reason=str(error))
            return  # the sweeper asks again
        if outcome is not None:
            await self._charging.settle(payment, outcome)

    async def _refund(self, refund: stripe.Refund) -> None:
        payment = await self._payment_of(refund.metadata)
        refund_id = named_in(refund.metadata).get("refundId", "")
        if payment is None or payment.refund(refund_id) is None:
            return
        outcome = refund_outcome_of(refund)
        if outcome.kind != "pending":
            await self._refunding.settle(payment, refund_id, outcome)

    async def _payment_of(self, metadata: Any) -> Payment | None:
        """The payment that the provider's object names, if it is one of this provider's."""
        named = named_in(metadata)
        company_id, payment_id = named.get("companyId"), named.get("paymentId")
        if not company_id or not payment_id:
            return None
        payment = await self._on.payments.for_company(company_id).find(payment_id)
        return payment if payment is not None and payment.provider == "stripe" else None
