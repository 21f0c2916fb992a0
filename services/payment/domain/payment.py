"""One payment: one try to get an order's money, its captures and its refunds."""

from datetime import datetime, timedelta

from common.errors import Conflict, Invalid, InvalidTransition
from common.events.payments import (
    PaymentAuthorized,
    PaymentExpired,
    PaymentFailed,
    PaymentInitiated,
    PaymentRequiresAction,
    PaymentSucceeded,
    PaymentVoided,
)
from common.money import Money
from services.payment.domain.account import OrderAccount
from services.payment.domain.outcome import Failure, NextAction, Outcome
from services.payment.domain.record import CALL_SECONDS, POLL_SECONDS
from services.payment.domain.refunds import RefundedPayment

PROVIDER_OF = {
    "card": "stripe",
    "paypal": "paypal",
    "cash": "cash",
    "cash_on_delivery": "cash",
    "on_account": "account",
}

BY_HAND = ("cash", "terminal", "account")
"""Money that no provider moves for us."""

LONGEST_WAIT_SECONDS = 60
AUTHORIZATION_SECONDS = {"stripe": 7 * 86_400 - 3600, "paypal": 29 * 86_400 - 3600}
"""How long a hold lasts where the provider does not say; a little less than it promises."""


class Payment(RefundedPayment):
    """One payment of an order."""

    @classmethod
    def open(
        cls, account: OrderAccount, payment_id: str, method: str, amount: Money, now: datetime, *, provider: str = ""
    ) -> "Payment":
        """A new record of an order's payment; nothing has moved yet."""
        payment = cls(
            id=payment_id,
            company_id=account.company_id,
            created_at=now,
            updated_at=now,
            order_id=account.id,
            shop_id=account.shop_id,
            customer_id=account.customer_id,
            method=method,
            provider=provider or PROVIDER_OF[method],
            amount=amount,
            captured=Money.zero(amount.currency),
            refunded=Money.zero(amount.currency),
            deadline_at=account.deadline_at or now,
        )
        payment.record(
            PaymentInitiated(
                payment_id=payment.id,
                order_id=payment.order_id,
                shop_id=payment.shop_id,
                method=method,
                provider=payment.provider,
                amount=amount,
            )
        )
        return payment

    def begin(self, now: datetime) -> None:
        """The provider is about to be asked."""
        self._move("processing")
        self.leave_alone(now)

    def leave_alone(self, now: datetime) -> None:
        """Claim the next call to the provider; nobody repeats it for ``CALL_SECONDS``."""
        self.attempts += 1
        self.due_at = now + timedelta(seconds=CALL_SECONDS)

    def wait(self, now: datetime) -> None:
        """No answer: ask again later, each time a little later."""
        self.due_at = now + timedelta(seconds=min(2 ** min(self.attempts - 1, 6), LONGEST_WAIT_SECONDS))

    @property
    def is_moved_by_provider(self) -> bool:
        """Whether a provider holds this money, not a hand."""
        return self.provider not in BY_HAND

    def ask_action(self, outcome: Outcome, now: datetime) -> None:
        """The buyer must confirm with the bank. Nothing happens when that is known already."""
        self.due_at = now + timedelta(seconds=POLL_SECONDS)
        if self.status == "requires_action":
            return
        self._move("requires_action")
        self.refer(outcome)
        self.next_action = NextAction(url=outcome.action_url) if outcome.action_url else None
        self.record(
            PaymentRequiresAction(
                payment_id=self.id,
                order_id=self.order_id,
                shop_id=self.shop_id,
                method=self.method,
                amount=self.amount,
            )
        )

    def authorize(self, outcome: Outcome, now: datetime) -> None:
        """The money is held; a timer lets go of what nobody captures."""
        self._move("authorized")
        self.refer(outcome)
        self._close()
        self.failure = None
        self.authorized = Money.of(outcome.authorized, self.amount.currency)
        lasts = timedelta(seconds=AUTHORIZATION_SECONDS[self.provider])
        self.authorization_expires_at = self.due_at = outcome.expires_at or now + lasts
        self.record(
            PaymentAuthorized(
                payment_id=self.id,
                order_id=self.order_id,
                shop_id=self.shop_id,
                method=self.method,
                provider=self.provider,
                amount=self.authorized,
                expires_at=self.authorization_expires_at,
            )
        )

    @property
    def held(self) -> int:
        """What is authorised and not yet taken, in minor units."""
        return self.authorized.amount if self.authorized is not None and self.status == "authorized" else 0

    def begin_capture(self, amount: Money | None, now: datetime) -> None:
        """Note which part of the authorisation is about to be taken; the rest of it is let go with that.

        Raises InvalidTransition unless it is authorised, Conflict ``capture_exceeds_authorized`` or
        ``capture_in_progress``, Invalid ``currency_mismatch``.
        """
        if self.status != "authorized":
            raise InvalidTransition(f"A {self.status} payment cannot be captured.")
        if amount is not None and amount.currency != self.amount.currency:
            raise Invalid("currency_mismatch", f"The payment is in {self.amount.currency}.", [("amount", "currency")])
        wanted = amount.amount if amount is not None else self.held
        if wanted > self.held:
            raise Conflict("capture_exceeds_authorized", "More would be captured than was authorised.")
        if self.capturing not in (None, wanted):
            raise Conflict("capture_in_progress", "Another capture of this payment is under way.")
        self.capturing = wanted
        self.failure = None
        self.leave_alone(now)

    def capture_refused(self, outcome: Outcome, now: datetime) -> None:
        """The provider did not let us take it; the sweeper asks what became of the hold."""
        self.capturing = None
        self.failure = Failure(code=outcome.code, decline_code=outcome.decline_code)
        self.due_at = now + timedelta(seconds=POLL_SECONDS)

    def keep_hold(self) -> None:
        """The hold stands as it was; nothing to do before it expires."""
        if self.capturing is None:
            self.due_at = self.authorization_expires_at

    def refer(self, outcome: Outcome) -> None:
        """Remember the provider's names for it."""
        self.reference = outcome.reference or self.reference
        self.charge_reference = outcome.charge_reference or self.charge_reference

    def succeed(self, captured: int, now: datetime, reference: str | None = None) -> None:
        """Money was captured, ``captured`` minor units of it."""
        self._move("succeeded")
        self.reference = reference or self.reference
        self._close()
        self.failure = None
        self._count_in(captured)

    def _count_in(self, captured: int) -> None:
        self.captured = Money.of(self.captured.amount + captured, self.amount.currency)
        self.record(
            PaymentSucceeded(
                payment_id=self.id,
                order_id=self.order_id,
                shop_id=self.shop_id,
                method=self.method,
                provider=self.provider,
                amount=self.captured,
            )
        )

    def fail(self, code: str, decline_code: str | None, reference: str | None = None) -> None:
        """The provider said no."""
        self._move("failed")
        self.reference = reference or self.reference
        self._close()
        self.failure = Failure(code=code, decline_code=decline_code)
        self.record(
            PaymentFailed(
                payment_id=self.id,
                order_id=self.order_id,
                shop_id=self.shop_id,
                method=self.method,
                amount=self.amount,
                code=code,
                decline_code=decline_code,
                final=self.automatic,
            )
        )

    def expire(self) -> None:
        """Nobody paid in time."""
        self._move("expired")
        self._close()
        self.record(
            PaymentExpired(
                payment_id=self.id,
                order_id=self.order_id,
                shop_id=self.shop_id,
                method=self.method,
                amount=self.amount,
            )
        )

    def void(self) -> None:
        """Let go before money moved."""
        self._move("voided")
        self._close()
        self.record(
            PaymentVoided(
                payment_id=self.id,
                order_id=self.order_id,
                shop_id=self.shop_id,
                method=self.method,
                amount=self.amount,
            )
        )

    def receive(self, amount: Money, now: datetime) -> None:
        """A part of what was promised came in, which is told with the sum so far; the last of it settles it."""
        if self.status == "pending" and amount.amount < self.amount.amount - self.captured.amount:
            self._count_in(amount.amount)
        else:
            self.succeed(amount.amount, now)

    def forgive(self, amount: int) -> bool:
        """Wait for ``amount`` minor units less: that part was returned, not paid. False when nothing changes."""
        less = min(amount, self.amount.amount - self.captured.amount)
        if self.status != "pending" or less <= 0:
            return False
        self.amount = Money.of(self.amount.amount - less, self.amount.currency)
        if self.captured.amount == 0 and self.amount.amount == 0:
            self.void()
        elif self.captured.amount == self.amount.amount:
            self._move("succeeded")
            self._close()
        return True

    def _close(self) -> None:
        self.next_action = None
        self.instrument = None
        self.capturing = None
        self.due_at = None
