"""Stripe through its own SDK; also runs against the sandbox, which speaks the same protocol."""

from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import aiohttp
import stripe

from common.logging import get_logger
from services.payment.clients.provider import CALL_SECONDS, AccountRefused, MethodRefused, ProviderUnreachable
from services.payment.clients.stripe_events import bad_signature, read_stripe_event
from services.payment.clients.stripe_outcomes import named_in, outcome_of, refund_outcome_of, refused
from services.payment.domain import Kept, Outcome, Payment, ProviderEvent, Refund
from services.payment.domain.stray import Taken

log = get_logger(__name__)
Answer = TypeVar("Answer")

CONNECTIONS = 64
SEARCH_MARGIN_SECONDS = 300
SEARCH_LIMIT = 20_000
HOLDS_MONEY = ("succeeded", "requires_capture", "requires_action", "requires_confirmation", "processing")
EXPANDED = ["latest_charge.balance_transaction"]

_BROKEN = (aiohttp.ClientError, TimeoutError)  # the answer broke off while its body was read


class StripeProvider:
    """One account at Stripe. Without a webhook secret it takes no callbacks."""

    def __init__(self, api_key: str, api_base: str | None, return_url: str, webhook_secret: str | None) -> None:
        self._return_url = return_url
        self._webhook_secret = webhook_secret
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS), timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)
        )
        self._stripe = stripe.StripeClient(
            api_key,
            http_client=stripe.AIOHTTPClient(session=self._session, timeout=CALL_SECONDS),
            base_addresses={"api": api_base} if api_base else {},
            max_network_retries=0,
        )

    async def close(self) -> None:
        await self._session.close()

    async def verify(self) -> str:
        try:
            account = await self._stripe.v1.accounts.retrieve_current_async()
        except (stripe.AuthenticationError, stripe.PermissionError) as error:
            raise AccountRefused(type(error).__name__) from error
        except (stripe.StripeError, *_BROKEN) as error:
            raise ProviderUnreachable(type(error).__name__) from error
        return str(account.id)

    async def charge(self, payment: Payment, instrument: str | None) -> Outcome:
        params: Any = {
            "amount": payment.amount.amount,
            "currency": payment.amount.currency.lower(),
            "payment_method": instrument,
            "payment_method_types": ["card"],
            "capture_method": payment.capture_method,
            "confirm": True,
            "return_url": self._return_url,
            "expand": EXPANDED,
            "metadata": {
                "paymentId": payment.id,
                "companyId": payment.company_id or "",
                "orderId": payment.order_id,
            },
        }
        if payment.payer_reference:
            params["customer"] = payment.payer_reference
        try:
            intent = await self._stripe.v1.payment_intents.create_async(params, {"idempotency_key": payment.id})
        except stripe.IdempotencyError as error:
            return await self._asked_before(payment, error)
        except stripe.StripeError as error:
            return refused(error)
        except _BROKEN as error:
            raise ProviderUnreachable(type(error).__name__) from error
        return outcome_of(intent)

    async def _asked_before(self, payment: Payment, error: stripe.IdempotencyError) -> Outcome:
        """Asked under other settings or by another version, whose request read differently: what it did is sought."""
        log.info("charge_asked_before", paymentId=payment.id)
        found = await self.find(payment)
        if found is None:
            raise ProviderUnreachable(type(error).__name__) from error
        return found

    async def find(self, payment: Payment) -> Outcome | None:
        intent = await _told(self._search(payment))
        return outcome_of(intent) if intent is not None else None

    async def complete(self, payment: Payment) -> Outcome | None:
        return await self.find(payment)  # what the buyer confirms with the bank is taken without us

    async def _search(self, payment: Payment) -> stripe.PaymentIntent | None:
        if payment.reference is not None:
            return await self._stripe.v1.payment_intents.retrieve_async(payment.reference, {"expand": EXPANDED})
        earliest = int(payment.created_at.timestamp()) - SEARCH_MARGIN_SECONDS
        page = await self._stripe.v1.payment_intents.list_async({"created": {"gte": earliest}, "limit": 100})
        looked = 0
        async for intent in page.auto_paging_iter():
            looked += 1
            if named_in(intent.metadata).get("paymentId") == payment.id:
                return intent
            if looked >= SEARCH_LIMIT:
                raise ProviderUnreachable("too many payments to search at once")
        return None

    async def capture(self, payment: Payment, amount: int) -> Outcome:
        params: Any = {"amount_to_capture": amount, "expand": EXPANDED}
        key: Any = {"idempotency_key": f"{payment.id}-capture-{amount}"}
        try:
            intent = await self._stripe.v1.payment_intents.capture_async(payment.reference or "", params, key)
        except stripe.InvalidRequestError as error:
            log.info("capture_refused", paymentId=payment.id, code=error.code)
            found = await self.find(payment)
            still_held = found is None or found.kind == "authorized"
            return Outcome(kind="failed", code=error.code or "capture_refused") if still_held else found or _gone()
        except stripe.StripeError as error:
            return refused(error)
        except _BROKEN as error:
            raise ProviderUnreachable(type(error).__name__) from error
        return outcome_of(intent)

    async def release(self, payment: Payment) -> Outcome:
        if payment.reference is None:
            return _gone()
        try:
            intent = await self._stripe.v1.payment_intents.cancel_async(payment.reference)
        except stripe.InvalidRequestError as error:
            log.info("release_refused", paymentId=payment.id, code=error.code)
            return await self.find(payment) or _gone()
        except (stripe.StripeError, *_BROKEN) as error:
            raise ProviderUnreachable(type(error).__name__) from error
        return outcome_of(intent)

    async def refund(self, payment: Payment, refund: Refund) -> Outcome:
        params: Any = {
            "payment_intent": payment.reference,
            "amount": refund.amount.amount,
            "metadata": {"refundId": refund.id, "paymentId": payment.id, "companyId": payment.company_id or ""},
        }
        try:
            if refund.reference is not None:
                made = await self._stripe.v1.refunds.retrieve_async(refund.reference)
            else:
                made = await self._stripe.v1.refunds.create_async(params, {"idempotency_key": refund.id})
        except stripe.StripeError as error:
            return refused(error)
        except _BROKEN as error:
            raise ProviderUnreachable(type(error).__name__) from error
        return refund_outcome_of(made)

    async def taken_since(self, moment: datetime) -> list[Taken]:
        return await _told(self._taken_since(int(moment.timestamp())))

    async def _taken_since(self, seconds: int) -> list[Taken]:
        page = await self._stripe.v1.payment_intents.list_async({"created": {"gte": seconds}, "limit": 100})
        found: list[Taken] = []
        async for intent in page.auto_paging_iter():
            named = named_in(intent.metadata)
            if intent.status in HOLDS_MONEY and {"paymentId", "companyId", "orderId"} <= named.keys():
                names = (intent.id, named["companyId"], named["orderId"], named["paymentId"])
                money = (intent.amount, intent.currency.upper())
                found.append(Taken(*names, *money, is_captured=intent.status == "succeeded"))
            if len(found) >= SEARCH_LIMIT:
                break
        return found

    async def give_back(self, taken: Taken) -> None:
        try:
            if taken.is_captured:
                key: Any = {"idempotency_key": f"stray-{taken.reference}"}
                await self._stripe.v1.refunds.create_async({"payment_intent": taken.reference}, key)
            else:
                await self._stripe.v1.payment_intents.cancel_async(taken.reference)
        except stripe.InvalidRequestError as error:
            log.info("stray_gone", reference=taken.reference, code=error.code)
        except (stripe.StripeError, *_BROKEN) as error:
            raise ProviderUnreachable(type(error).__name__) from error

    async def keep(self, company_id: str, owner_id: str, payer: str | None, token: str, method_id: str) -> Kept:
        try:
            payer = payer or await self._new_payer(company_id, owner_id)
            made = await self._stripe.v1.payment_methods.attach_async(
                token, {"customer": payer}, {"idempotency_key": method_id}
            )
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            raise MethodRefused(error.code or "invalid_request") from error
        except (stripe.StripeError, *_BROKEN) as error:
            raise ProviderUnreachable(type(error).__name__) from error
        card = made.card
        return Kept(
            reference=made.id,
            payer_reference=payer,
            brand=card.brand if card else None,
            last4=card.last4 if card else None,
            expiry_month=card.exp_month if card else None,
            expiry_year=card.exp_year if card else None,
        )

    async def _new_payer(self, company_id: str, owner_id: str) -> str:
        params: Any = {"metadata": {"companyId": company_id, "ownerId": owner_id}}
        key: Any = {"idempotency_key": f"payer-{company_id}-{owner_id}"}
        return str((await self._stripe.v1.customers.create_async(params, key)).id)

    async def forget(self, kept: Kept) -> None:
        try:
            await self._stripe.v1.payment_methods.detach_async(kept.reference)
        except stripe.InvalidRequestError as error:
            log.info("method_gone", code=error.code)
        except (stripe.StripeError, *_BROKEN) as error:
            raise ProviderUnreachable(type(error).__name__) from error

    async def read_event(self, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderEvent:
        if self._webhook_secret is None:
            raise bad_signature()
        return read_stripe_event(body, headers.get("stripe-signature"), self._webhook_secret, now)


async def _told(call: Awaitable[Answer]) -> Answer:
    try:
        return await call
    except (stripe.StripeError, *_BROKEN) as error:
        raise ProviderUnreachable(type(error).__name__) from error


def _gone() -> Outcome:
    return Outcome(kind="canceled")
