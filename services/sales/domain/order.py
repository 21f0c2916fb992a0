"""The order: every change of it goes through the state table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from common.errors import ComeBackLater, Conflict, Invalid, InvalidTransition
from common.events.orders import OrderUpdated
from common.events.parts import PostalAddress
from common.money import Money
from services.sales.domain import facts
from services.sales.domain.lines import Line, Priced
from services.sales.domain.record import (
    SYSTEM,
    Actor,
    Channel,
    FulfilledItem,
    Fulfilment,
    Method,
    OrderPayment,
    OrderRecord,
    PaymentChoice,
    PaymentState,
    TimelineEntry,
)
from services.sales.domain.states import CancelReason, Trigger, move_for, require_move

TIMELINE_KEPT = 300

_HAPPENED: dict[Trigger, str] = {
    "stock_reserved": "reserved",
    "stock_short": "cancelled",
    "ready": "confirmed",
    "captured": "paid",
    "declined": "cancelled",
    "overdue": "cancelled",
    "called_off": "cancelled",
    "held": "on_hold",
    "released": "confirmed",
    "processing": "processing",
    "completed": "completed",
    "shipped_part": "partially_fulfilled",
    "shipped_all": "fulfilled",
    "delivered": "delivered",
    "voided": "payment_voided",
    "refunded_part": "partially_refunded",
    "refunded_all": "refunded",
}

_FINAL_STATES: tuple[PaymentState, ...] = ("succeeded", "partially_refunded", "refunded")


@dataclass(frozen=True, slots=True)
class Placing:
    """Who orders and how, beside the priced lines."""

    order_id: str
    company_id: str
    number: str
    channel: Channel
    customer_id: str | None
    email: str | None
    shop_id: str | None
    cart_id: str | None
    cart_key: str | None
    method: Method | None
    has_payment_token: bool
    shipping_address: PostalAddress | None
    note: str | None
    token_hash: str | None
    placed_at: datetime | None
    deadline_seconds: int


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """What an event says of one payment."""

    payment_id: str
    method: str
    amount: Money


class Order(OrderRecord):
    """An order and its rules."""

    @classmethod
    def place(cls, placing: Placing, priced: Priced, *, now: datetime, by: Actor) -> "Order":
        """Accept an order. The deadline counts from ``now``, also for one that is entered with an earlier date."""
        deadline = now + timedelta(seconds=placing.deadline_seconds)
        nothing = Money.zero(priced.totals.grand_total.currency)
        order = cls(
            id=placing.order_id,
            company_id=placing.company_id,
            number=placing.number,
            channel=placing.channel,
            customer_id=placing.customer_id,
            email=placing.email,
            shop_id=placing.shop_id,
            cart_id=placing.cart_id,
            cart_key=placing.cart_key,
            status="pending",
            payment_status="unpaid",
            fulfilment_status="unfulfilled",
            items=priced.lines,
            totals=priced.totals,
            paid=nothing,
            refunded=nothing,
            payment=PaymentChoice(method=placing.method) if placing.method else None,
            has_payment_token=placing.has_payment_token,
            shipping_address=placing.shipping_address,
            note=placing.note,
            placed_at=placing.placed_at or now,
            deadline_at=deadline,
            due_at=deadline,
            timeline=[TimelineEntry(at=now, type="created", actor=by)],
            token_hash=placing.token_hash,
            created_at=now,
            updated_at=now,
        )
        order.record(facts.created(order))
        return order

    # What other services tell. A fact that comes after the order has moved past it changes nothing
    # here: whoever told it undoes it on order.cancelled.

    def stock_reserved(self, *, now: datetime) -> None:
        """All lines are held; confirms when money is settled or promised."""
        if self._follow("stock_reserved", now=now, by=SYSTEM):
            self._note_if_covered(now=now, by=SYSTEM)
            self._confirm_if_ready(now=now, by=SYSTEM)

    def stock_short(self, *, now: datetime) -> None:
        """Some line fell short: the order ends."""
        self._follow("stock_short", now=now, by=SYSTEM, reason="out_of_stock")

    def payment_succeeded(self, fact: PaymentFact, *, now: datetime, by: Actor) -> None:
        """Money came in; ``fact.amount`` is all that this payment has captured so far."""
        known = self._payment(fact.payment_id)
        refunded = known.refunded if known else Money.zero(fact.amount.currency)
        captured = max(known.captured, fact.amount) if known else fact.amount
        status: PaymentState = known.status if known and known.status in _FINAL_STATES else "succeeded"
        self._keep(fact, status, captured=captured, refunded=refunded)
        self._recount()
        self._note_if_covered(now=now, by=by)
        self._confirm_if_ready(now=now, by=by)

    def payment_failed(self, fact: PaymentFact, *, final: bool, now: datetime, by: Actor) -> None:
        """The provider said no; ``final`` ends the order, another try leaves it as it is."""
        self._keep_unless_captured(fact, "failed")
        if not (final and self._follow("declined", now=now, by=SYSTEM, reason="payment_failed")):
            self._note("payment_failed", now=now, by=by)

    def payment_expired(self, fact: PaymentFact, *, now: datetime) -> None:
        """Nothing can be captured any more; an order that waits for this money ends."""
        self._keep_unless_captured(fact, "expired")
        if self.payment_status in ("unpaid", "authorized") and not self.is_promised:
            self._follow("overdue", now=now, by=SYSTEM, reason="expired")

    def payment_requires_action(self, fact: PaymentFact, *, now: datetime, by: Actor) -> None:
        """The buyer is asked by the bank; the order waits on."""
        self._keep_unless_captured(fact, "requires_action")
        self._note("payment_requires_action", now=now, by=by)

    def payment_voided(self, fact: PaymentFact, *, now: datetime) -> None:
        """A pending payment was let go."""
        self._keep_unless_captured(fact, "voided")
        self._follow("voided", now=now, by=SYSTEM)

    def payment_refunded(self, fact: PaymentFact, refunded: Money, *, now: datetime, by: Actor) -> None:
        """Money went back; ``refunded`` is the sum of that payment's refunds so far.

        Raises ComeBackLater while the payment itself has not been told of.
        """
        known = self._payment(fact.payment_id)
        if known is None or known.captured.amount == 0:
            raise ComeBackLater(f"payment {fact.payment_id} is not known yet")
        so_far = max(known.refunded, refunded)
        status: PaymentState = "refunded" if so_far >= known.captured else "partially_refunded"
        self._keep(fact, status, captured=known.captured, refunded=so_far)
        self._recount()
        everything = self.refunded >= max(self.paid, Money.of(1, self.paid.currency))
        self._follow("refunded_all" if everything else "refunded_part", now=now, by=by)

    def debt_settled(self, *, now: datetime, by: Actor) -> None:
        """The debt of an order on account was paid in full."""
        if self.status != "cancelled":
            self.settled = True
            self._recount()
            self._note_if_covered(now=now, by=by)

    def expire(self, *, now: datetime) -> bool:
        """End the order if its deadline has passed. True when it did."""
        if self.due_at is None or now < self.due_at:
            return False
        return self._follow("overdue", now=now, by=SYSTEM, reason="expired")

    # What people do. A move that is not on the map raises InvalidTransition and changes nothing.

    def cancel(self, *, reason: CancelReason, note: str | None, now: datetime, by: Actor) -> bool:
        """Call the order off. False when it was cancelled before: the same answer again.

        Raises Conflict ``return_required`` once something was shipped, InvalidTransition once completed.
        """
        if self.status == "cancelled":
            return False
        if self.status != "completed" and any(line.fulfilled_quantity for line in self.items):
            raise Conflict("return_required", "Part of this order was shipped; it comes back as a return.")
        self._move("called_off", now=now, by=by, reason=reason, note=note)
        return True

    def advance(self, to: str, *, now: datetime, by: Actor) -> None:
        """Move to ``processing`` or ``completed``. Raises InvalidTransition."""
        self._move("processing" if to == "processing" else "completed", now=now, by=by)

    def fulfil(
        self, parcel_id: str, items: Sequence[FulfilledItem] | None, tracking: str | None, *, now: datetime, by: Actor
    ) -> None:
        """Hand over ``items``, or all that is left. Raises Invalid, Conflict ``quantity_exceeds_open``."""
        require_move("shipped_part", self.state)
        by_line = self._shipped(items)
        for line in self.items:
            line.fulfilled_quantity += by_line.get(line.id, 0)
        shipped = [FulfilledItem(item_id=item_id, quantity=quantity) for item_id, quantity in by_line.items()]
        self.fulfilments = [*self.fulfilments, Fulfilment(id=parcel_id, items=shipped, tracking=tracking, at=now)]
        is_done = all(line.open_quantity == 0 for line in self.items)
        self._move("shipped_all" if is_done else "shipped_part", now=now, by=by)

    def deliver(self, *, now: datetime, by: Actor) -> None:
        """Everything arrived. Raises InvalidTransition."""
        self._move("delivered", now=now, by=by)

    def edit(self, changes: dict[str, Any], *, now: datetime, by: Actor) -> None:
        """Change address or note. Raises InvalidTransition once anything was handed over or the order ended."""
        if self.fulfilment_status not in ("unfulfilled", "reserved") or self.status in ("completed", "cancelled"):
            raise InvalidTransition("An order is changed before its fulfilment only.", orderStatus=self.status)
        before = {name: getattr(self, name) for name in changes}
        for name, value in changes.items():
            setattr(self, name, value)
        self._note("updated", now=now, by=by)
        self.record(OrderUpdated(before=_plain(before), after=_plain(changes), order_id=self.id, shop_id=self.shop_id))

    # Moving along the table.

    def _move(
        self,
        trigger: Trigger,
        *,
        now: datetime,
        by: Actor,
        reason: CancelReason | None = None,
        note: str | None = None,
    ) -> None:
        move = require_move(trigger, self.state)
        after = move.after(self.state)
        self.status, self.payment_status, self.fulfilment_status = after.status, after.payment, after.fulfilment
        if move.wait != "as_before":
            self.due_at = self.deadline_at if move.wait == "deadline" else None
        if move.to_status == "confirmed":
            self.confirmed_at = now
        if move.to_status == "cancelled":
            self.cancel_reason, self.cancelled_at = reason, now
        self._note(_HAPPENED[trigger], now=now, by=by, note=note)
        for event_type in move.emits:
            self.record(facts.FACTS[event_type](self))

    def _follow(self, trigger: Trigger, *, now: datetime, by: Actor, reason: CancelReason | None = None) -> bool:
        """Make the move if the map has it from here; otherwise the fact came too late and changes nothing."""
        if move_for(trigger, self.state) is None:
            return False
        self._move(trigger, now=now, by=by, reason=reason)
        return True

    def _confirm_if_ready(self, *, now: datetime, by: Actor) -> None:
        """Confirm what is held and paid or promised; past the deadline the hold may be gone, so it ends instead."""
        is_settled = self.is_promised or self.payment_status in ("paid", "partially_refunded")
        if move_for("ready", self.state) is None or not is_settled:
            return
        if not self.expire(now=now):
            self._move("ready", now=now, by=by)

    def _note_if_covered(self, *, now: datetime, by: Actor) -> None:
        is_free = self.totals.grand_total.amount == 0 and not self.is_promised
        if (self.paid.amount > 0 or is_free or self.settled) and self.paid >= self.totals.grand_total:
            self._follow("captured", now=now, by=by)

    # Payments.

    def _payment(self, payment_id: str) -> OrderPayment | None:
        return next((payment for payment in self.payments if payment.id == payment_id), None)

    def _keep(self, fact: PaymentFact, status: PaymentState, *, captured: Money, refunded: Money) -> None:
        entry = OrderPayment(
            id=fact.payment_id,
            method=fact.method,
            amount=max(fact.amount, captured),
            status=status,
            captured=captured,
            refunded=refunded,
        )
        known = [payment.id for payment in self.payments]
        if fact.payment_id in known:
            self.payments = [entry if payment.id == entry.id else payment for payment in self.payments]
        else:
            self.payments = [*self.payments, entry]

    def _keep_unless_captured(self, fact: PaymentFact, status: PaymentState) -> None:
        known = self._payment(fact.payment_id)
        if known is None or known.status not in _FINAL_STATES:
            nothing = Money.zero(fact.amount.currency)
            self._keep(fact, status, captured=nothing, refunded=nothing)

    def _recount(self) -> None:
        total = self.totals.grand_total
        captured = Money.total((payment.captured for payment in self.payments), total.currency)
        self.paid = total if self.settled else captured
        self.refunded = Money.total((payment.refunded for payment in self.payments), total.currency)

    def _shipped(self, items: Sequence[FulfilledItem] | None) -> dict[str, int]:
        """Pieces a line; all that is open when none are named. Raises Invalid, Conflict."""
        lines: dict[str, Line] = {line.id: line for line in self.items}
        if items is None:
            return {line.id: line.open_quantity for line in self.items if line.open_quantity}
        asked: dict[str, int] = {}
        for number, item in enumerate(items):
            if item.item_id not in lines:
                raise Invalid("unknown_item", "The order has no such line.", [(f"items.{number}.itemId", "not known")])
            asked[item.item_id] = asked.get(item.item_id, 0) + item.quantity
        for item_id, quantity in asked.items():
            if quantity > lines[item_id].open_quantity:
                raise Conflict(
                    "quantity_exceeds_open",
                    f"Only {lines[item_id].open_quantity} of this line are left to hand over.",
                    itemId=item_id,
                )
        return asked

    def _note(self, what: str, *, now: datetime, by: Actor, note: str | None = None) -> None:
        entry = TimelineEntry(at=now, type=what, actor=by, note=note)
        self.timeline = [*self.timeline, entry][-TIMELINE_KEPT:]


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.model_dump(mode="json", by_alias=True) if isinstance(value, PostalAddress) else value
        for name, value in values.items()
    }
