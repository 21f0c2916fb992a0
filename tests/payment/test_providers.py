"""Both providers behind the one port, each scenario against both, through the real SDKs and the sandbox."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from common.clock import SystemClock
from common.ids import new_id
from common.money import Money
from services.payment.clients import (
    AccountRefused,
    PayPalProvider,
    Provider,
    ProviderUnreachable,
    StripeProvider,
)
from services.payment.clients.paypal_amounts import AmountRefused, to_minor, to_paypal
from services.payment.domain import OrderAccount, Outcome, Payment, Refund

from .conftest import PAYPAL, Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")

RETURN = "http://localhost:8000/"


class Stripe:
    """Stripe, and a buyer who confirms with the bank."""

    method, accepted, declined = "card", "pm_card_authenticationRequired", "pm_card_threeDSecureRequiredChargeDeclined"

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._key = f"sk_test_{secrets.token_hex(8)}"
        self.provider: Provider = StripeProvider(self._key, sandbox.url, RETURN, None)

    def instrument(self, outcome: str) -> str | None:
        return self.declined if outcome == "decline" else self.accepted

    def decide(self, reference: str, outcome: str) -> None:
        url = f"{self.sandbox.url}/_sandbox/authenticate/{reference}"
        assert httpx2.post(url, data={"outcome": "complete"}, timeout=10).status_code == 303

    def moved(self) -> Provider:
        """The same account, from a suite at another address."""
        return StripeProvider(self._key, self.sandbox.url, "http://localhost:9000/", None)

    def refuse_keys(self) -> Provider:
        return StripeProvider("sk_live_of_somebody", self.sandbox.url, RETURN, None)


class PayPal:
    """PayPal, and a buyer who approves on its page."""

    method = "paypal"

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.provider: Provider = PayPalProvider(
            PAYPAL["PAYPAL_CLIENT_ID"], PAYPAL["PAYPAL_CLIENT_SECRET"], sandbox.url, RETURN, None
        )

    def instrument(self, outcome: str) -> str | None:
        return None

    def decide(self, reference: str, outcome: str) -> None:
        url = f"{self.sandbox.url}/_sandbox/paypal/orders/{reference}/{outcome}"
        assert httpx2.post(url, timeout=10).status_code == 200

    def refuse_keys(self) -> Provider:
        return PayPalProvider(PAYPAL["PAYPAL_CLIENT_ID"], "another-secret", self.sandbox.url, RETURN, None)


@pytest_asyncio.fixture(params=[Stripe, PayPal], ids=["stripe", "paypal"], loop_scope="module")
async def side(request: Any, sandbox: Sandbox) -> AsyncIterator[Any]:
    made = request.param(sandbox)
    yield made
    sandbox.clear()
    await made.provider.close()


def payment(side: Any, amount: int = 1999, *, by_hand: bool = False, currency: str = "GBP") -> Payment:
    now = SystemClock().now()
    account = OrderAccount.open(new_id("ord"), new_id("cmp"), now)
    made = Payment.open(account, new_id("pay"), side.method, Money.of(amount, currency), now)
    made.capture_method = "manual" if by_hand else "automatic"
    return made


async def approved(side: Any, made: Payment, outcome: str = "approve") -> Outcome:
    """Charge, let the buyer decide, and see what became of it."""
    asked = await side.provider.charge(made, side.instrument(outcome))
    assert (asked.kind, bool(asked.action_url)) == ("requires_action", True)
    made.refer(asked)
    side.decide(asked.reference, outcome)
    found: Outcome | None = await side.provider.complete(made)
    assert found is not None
    made.refer(found)
    return found


def refund(made: Payment, amount: int) -> Refund:
    now = SystemClock().now()
    money = Money.of(amount, made.amount.currency)
    return Refund(id=new_id("rfd"), amount=money, reason="x", created_at=now, updated_at=now)


class TestCharge:
    async def test_takes_what_the_buyer_agreed_to(self, side: Any) -> None:
        made = payment(side)
        found = await approved(side, made)
        assert (found.kind, found.captured) == ("succeeded", 1999)

    async def test_twice_makes_one(self, side: Any) -> None:
        made = payment(side)
        first, second = await asyncio.gather(
            side.provider.charge(made, side.instrument("approve")),
            side.provider.charge(made, side.instrument("approve")),
            return_exceptions=True,
        )
        told = [each for each in (first, second) if isinstance(each, Outcome)]
        assert told and len({each.reference for each in told}) == 1
        again = await side.provider.charge(made, side.instrument("approve"))
        assert again.reference == told[0].reference

    async def test_tells_a_decline(self, side: Any) -> None:
        assert (await approved(side, payment(side), "decline")).kind == "failed"

    async def test_an_unknown_payment_is_not_found_or_takes_nothing(self, side: Any) -> None:
        found = await side.provider.find(payment(side))
        assert found is None or found.kind == "requires_action"

    async def test_no_answer_is_no_verdict(self, side: Any) -> None:
        made = payment(side)
        side.sandbox.rule(side.method, "drop_after")
        with pytest.raises(ProviderUnreachable):
            await side.provider.charge(made, side.instrument("approve"))
        side.sandbox.clear()
        assert (await side.provider.charge(made, side.instrument("approve"))).kind == "requires_action"


class TestHold:
    async def test_is_taken_in_part(self, side: Any) -> None:
        made = payment(side, by_hand=True)
        found = await approved(side, made)
        assert (found.kind, found.authorized) == ("authorized", 1999)
        taken = await side.provider.capture(made, 1500)
        assert (taken.kind, taken.captured) == ("succeeded", 1500)
        again = await side.provider.capture(made, 1500)
        assert (again.kind, again.captured, again.charge_reference) == ("succeeded", 1500, taken.charge_reference)

    async def test_is_let_go_and_gives_nothing_then(self, side: Any) -> None:
        made = payment(side, by_hand=True)
        await approved(side, made)
        assert (await side.provider.release(made)).kind == "canceled"
        assert (await side.provider.release(made)).kind == "canceled"
        assert (await side.provider.capture(made, 1999)).kind in ("failed", "canceled")

    async def test_one_that_was_taken_cannot_be_let_go(self, side: Any) -> None:
        made = payment(side, by_hand=True)
        await approved(side, made)
        made.refer(await side.provider.capture(made, 1999))
        assert (await side.provider.release(made)).kind == "succeeded"


class TestRefund:
    async def test_in_parts_never_over_the_whole(self, side: Any) -> None:
        made = payment(side)
        await approved(side, made)
        first, second = refund(made, 999), refund(made, 1000)
        assert (await side.provider.refund(made, first)).kind == "succeeded"
        repeated = [await side.provider.refund(made, second) for _ in range(2)]
        assert repeated[0].kind == "succeeded" and repeated[0].reference == repeated[1].reference
        assert (await side.provider.refund(made, refund(made, 1))).kind == "failed"


class TestVerify:
    async def test_names_the_account(self, side: Any) -> None:
        assert await side.provider.verify()

    async def test_refuses_keys_that_are_none(self, side: Any) -> None:
        wrong = side.refuse_keys()
        with pytest.raises((AccountRefused, ProviderUnreachable)) as refused:
            await wrong.verify()
        await wrong.close()
        assert refused.type is AccountRefused


async def test_stripe_asked_again_from_another_address_tells_what_the_first_call_did(sandbox: Sandbox) -> None:
    side = Stripe(sandbox)
    made, moved = payment(side), side.moved()
    try:
        first: Outcome = await side.provider.charge(made, "pm_card_visa")
        again: Outcome = await moved.charge(made, "pm_card_visa")
    finally:
        await side.provider.close()
        await moved.close()
    assert (again.kind, again.reference) == ("succeeded", first.reference)


class TestPayPalAmounts:
    @pytest.mark.parametrize(
        ("minor", "currency", "value"),
        [
            (1999, "GBP", "19.99"),
            (5, "EUR", "0.05"),
            (100_000_000_000_01, "USD", "100000000000.01"),
            (500, "JPY", "500"),
            (123_400, "HUF", "1234"),
            (100, "TWD", "1"),
        ],
    )
    async def test_are_exact_both_ways(self, minor: int, currency: str, value: str) -> None:
        told = to_paypal(Money.of(minor, currency))
        assert told == {"currency_code": currency, "value": value}
        assert to_minor(told) == minor

    @pytest.mark.parametrize(
        ("minor", "currency", "code"), [(123_450, "HUF", "amount_not_whole"), (1000, "KWD", "currency_not_supported")]
    )
    async def test_refuses_what_cannot_be_written(self, minor: int, currency: str, code: str) -> None:
        with pytest.raises(AmountRefused, match=code):
            to_paypal(Money.of(minor, currency))

    @pytest.mark.parametrize("value", ["", "1e3", "-1.00", "1.999", "NaN", "1,00"])
    async def test_reads_nothing_that_is_no_amount(self, value: str) -> None:
        with pytest.raises(ValueError, match=r"amount|currency"):
            to_minor({"currency_code": "GBP", "value": value})
