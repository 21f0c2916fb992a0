"""Asking the provider for money: between two commits, never inside one, and safe to repeat."""

from common.errors import Unavailable
from common.ids import new_id
from common.logging import get_logger
from services.payment.clients import Provider, ProviderUnreachable
from services.payment.domain import OrderAccount, Outcome, Payment, Posting, Refund
from services.payment.domain.ledger import captured, fee_kept
from services.payment.domain.record import GIVEN_UP, UNDER_WAY, WAITING
from services.payment.service.foundation import Foundation, decide
from services.payment.service.refunding import Refunding
from services.payment.service.velocity import TOO_MANY, Velocity

log = get_logger(__name__)

LATE = "late_payment"
LEAVES_A_TRACE = ("pending", "approved", "requires_action")
"""Outcomes that only set the time of the next look."""


class Charging:
    """Brings payments from ``processing`` to what the provider says."""

    def __init__(self, on: Foundation, refunding: Refunding, velocity: Velocity) -> None:
        self._on = on
        self._refunding = refunding
        self._velocity = velocity

    async def ask(self, payment: Payment) -> Payment:
        """Call the provider for a payment whose begin is committed; what stays open a sweeper repeats."""
        if payment.attempts > 1:
            return await self._ask(payment)  # it may have happened at the first call: nobody is turned away now
        async with self._velocity.turn(payment.tried_from) as is_free:
            if not is_free:
                return await self.settle(payment, Outcome(kind="failed", code=TOO_MANY))
            return await self._ask(payment)

    async def _ask(self, payment: Payment) -> Payment:
        instrument = self._on.sealer.open(payment.instrument) if payment.instrument is not None else None
        try:
            outcome = await (await self._on.providers.of(payment)).charge(payment, instrument)
        except ProviderUnreachable as error:
            log.warning("charge_open", paymentId=payment.id, attempts=payment.attempts, reason=str(error))
            return await self._wait(payment)
        return await self.settle(payment, outcome)

    async def again(self, payment: Payment) -> Payment:
        """Look at a payment that is due: repeat the call, ask what became of it, or let it go."""
        if payment.status == "pending":
            return await self.give_up(payment)
        account, _ = await self._on.together(payment)
        over = account.ended or self._on.clock.now() >= payment.deadline_at
        claimed = await self._claim(payment)
        if claimed is None:
            return payment
        if claimed.status == "authorized":
            return await self._look_at_hold(claimed, account)
        if not over and claimed.status == "processing":
            return await self.ask(claimed)
        return await self.inquire(claimed, over=over)

    async def take(self, payment: Payment) -> Payment:
        """Take the part of a hold whose capture is committed; what stays open a sweeper repeats."""
        try:
            outcome = await (await self._on.providers.of(payment)).capture(payment, payment.capturing or 0)
        except ProviderUnreachable as error:
            log.warning("capture_open", paymentId=payment.id, attempts=payment.attempts, reason=str(error))
            return await self._wait(payment)
        return await self.settle(payment, outcome)

    async def _look_at_hold(self, payment: Payment, account: OrderAccount) -> Payment:
        """A hold whose time has come: finish its capture, let it go, or see that it still stands."""
        if payment.capturing is not None:
            return await self.take(payment)
        expires = payment.authorization_expires_at
        if account.ended or (expires is not None and self._on.clock.now() >= expires):
            return await self._let_go_quietly(payment)
        return await self.inquire(payment, over=False)

    async def settle(self, asked: Payment, outcome: Outcome) -> Payment:
        """Take a verdict into payment, account and ledger in one commit; money that came too late goes back."""
        refunds: list[Refund] = []

        async def work() -> Payment:
            refunds.clear()
            account, payment = await self._on.together(asked)
            postings = self._apply(payment, account, outcome, refunds)
            changed = [payment, *await self._overtaken(account, payment, outcome)]
            is_touched = outcome.kind in LEAVES_A_TRACE or payment.status == "authorized"
            if payment.recorded or postings or is_touched:
                await self._on.books.commit(account, changed, postings)
            return payment

        async with self._refunding.turns.of(asked.order_id):
            payment = await decide(work)
        if payment.status == "failed" and payment.failure is not None and payment.failure.code != TOO_MANY:
            await self._velocity.declined(payment.tried_from, payment.id)
        for refund in refunds:
            payment = await self._refunding.send(payment, refund.id)
        return await self._unneeded(payment, outcome)

    async def _unneeded(self, payment: Payment, outcome: Outcome) -> Payment:
        """A hold that came too late, or beside enough other money, is let go at once."""
        if outcome.kind != "authorized":
            return payment
        if payment.status in GIVEN_UP:
            stray = payment.model_copy(update={"reference": outcome.reference or payment.reference})
            await self._release_stray(stray)
            return payment
        account, payment = await self._on.together(payment)
        beyond = account.total is not None and account.captured + account.authorized > account.total.amount
        if payment.status == "authorized" and payment.capturing is None and (account.ended or beyond):
            return await self._let_go_quietly(payment)
        return payment

    async def _release_stray(self, payment: Payment) -> None:
        try:
            await (await self._on.providers.of(payment)).release(payment)
        except ProviderUnreachable as error:
            log.warning("stray_hold_stays", paymentId=payment.id, reason=str(error))

    async def _let_go_quietly(self, payment: Payment) -> Payment:
        try:
            return await self.release(payment)
        except Unavailable:
            return await self._wait(payment)

    async def give_up(self, payment: Payment) -> Payment:
        """End a payment that waits with nothing under way at the provider: expired, or voided with its order."""

        async def work() -> Payment:
            account, fresh = await self._on.together(payment)
            if fresh.status != payment.status:
                return fresh
            self._abandon(fresh, account)
            await self._on.books.commit(account, [fresh])
            return fresh

        return await decide(work)

    async def release(self, payment: Payment) -> Payment:
        """Let go of a payment that waits for the buyer, so that another may take its place."""
        try:
            outcome = await (await self._on.providers.of(payment)).release(payment)
        except ProviderUnreachable as error:
            raise Unavailable("The payment provider does not answer.") from error
        return await self.settle(payment, outcome)

    def _abandon(self, payment: Payment, account: OrderAccount) -> None:
        account.hold(-payment.held)
        expires = payment.authorization_expires_at
        if payment.status == "authorized" and expires is not None:
            over = self._on.clock.now() >= expires
            payment.expire() if over else payment.void()
        elif account.ended or self._on.clock.now() < payment.deadline_at:
            payment.void()
        else:
            payment.expire()
        account.end_try(payment.id)

    def _apply(self, payment: Payment, account: OrderAccount, outcome: Outcome, refunds: list[Refund]) -> list[Posting]:
        now = self._on.clock.now()
        match outcome.kind:
            case "succeeded" if payment.captured.amount == 0:
                return self._capture(payment, account, outcome, refunds)
            case "authorized" if payment.status in WAITING:
                payment.authorize(outcome, now)
                account.hold(payment.held)
                account.end_try(payment.id)
            case "authorized" if payment.status == "authorized":
                payment.keep_hold()
            case "failed" if payment.status in WAITING:
                payment.fail(outcome.code, outcome.decline_code, outcome.reference)
                account.end_try(payment.id)
            case "failed" if payment.status == "authorized" and payment.capturing is not None:
                payment.capture_refused(outcome, now)
            case "canceled" if payment.status in UNDER_WAY:
                self._abandon(payment, account)
            case "requires_action" if payment.status in WAITING:
                payment.ask_action(outcome, now)
            case "pending" | "approved" if payment.status in UNDER_WAY:
                payment.refer(outcome)
                payment.next_action = payment.next_action if outcome.kind == "approved" else None
                payment.wait(now)
        return []

    def _capture(
        self, payment: Payment, account: OrderAccount, outcome: Outcome, refunds: list[Refund]
    ) -> list[Posting]:
        now = self._on.clock.now()
        back = account.capture(outcome.captured)
        account.hold(-payment.held)
        payment.refer(outcome)
        payment.succeed(outcome.captured, now)
        account.end_try(payment.id)
        if back > 0:
            money = payment.captured.model_copy(update={"amount": back})
            refunds.append(payment.begin_refund(new_id("rfd"), money, LATE, now))
        postings = [captured(payment, outcome.captured, now)]
        if outcome.fee > 0:
            payment.fee = outcome.fee
            postings.append(fee_kept(payment, outcome.fee, now))
        return postings

    async def _overtaken(self, account: OrderAccount, payment: Payment, outcome: Outcome) -> list[Payment]:
        """The promise of a later payment falls away once the order is paid otherwise."""
        if outcome.kind != "succeeded" or account.promised in (None, payment.id) or account.ended:
            return []
        promised = await self._on.payments.for_company(account.company_id).find(account.promised or "")
        if promised is None or promised.status != "pending" or account.due.amount > 0:
            return []
        promised.void()
        return [promised]

    async def inquire(self, payment: Payment, *, over: bool) -> Payment:
        """Ask what became of it; when its time is over, make sure that nothing more can come of it."""
        try:
            provider = await self._on.providers.of(payment)
            outcome = await self._let_go(provider, payment) if over else await provider.complete(payment)
        except ProviderUnreachable as error:
            log.warning("inquiry_open", paymentId=payment.id, reason=str(error))
            return await self._wait(payment)
        if outcome is None:
            return await self.give_up(payment)
        return await self.settle(payment, outcome)

    async def _let_go(self, provider: Provider, payment: Payment) -> Outcome | None:
        found = await provider.find(payment)
        if found is None or found.kind not in ("requires_action", "approved"):
            return found
        payment.reference = found.reference
        return await provider.release(payment)

    async def _claim(self, payment: Payment) -> Payment | None:
        """Take the next call for this copy of the service; None when another copy was faster."""

        async def work() -> Payment | None:
            account, fresh = await self._on.together(payment)
            if fresh.due_at != payment.due_at or fresh.status not in UNDER_WAY:
                return None
            fresh.leave_alone(self._on.clock.now())
            await self._on.books.commit(account, [fresh])
            return fresh

        return await decide(work)

    async def _wait(self, payment: Payment) -> Payment:
        async def work() -> Payment:
            account, fresh = await self._on.together(payment)
            if fresh.status in UNDER_WAY:
                fresh.wait(self._on.clock.now())
                await self._on.books.commit(account, [fresh])
            return fresh

        return await decide(work)
