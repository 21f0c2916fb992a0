"""Moving an order along the state table, and keeping its timeline."""

from datetime import datetime

from services.sales.domain import facts
from services.sales.domain.record import Actor, OrderRecord, TimelineEntry
from services.sales.domain.states import CancelReason, Move, Trigger, move_for, require_move

TIMELINE_KEPT = 300
REQUESTS_KEPT = 20

HAPPENED: dict[Trigger, str] = {
    "stock_reserved": "reserved",
    "stock_short": "cancelled",
    "ready": "confirmed",
    "authorized": "payment_authorized",
    "captured": "paid",
    "settled": "paid",
    "declined": "cancelled",
    "overdue": "cancelled",
    "called_off": "cancelled",
    "held": "on_hold",
    "released": "confirmed",
    "resumed": "released",
    "processing": "processing",
    "completed": "completed",
    "shipped_part": "partially_fulfilled",
    "shipped_all": "fulfilled",
    "delivered": "delivered",
    "returned_part": "partially_returned",
    "returned_all": "returned",
    "voided": "payment_voided",
    "refunded_part": "partially_refunded",
    "refunded_all": "refunded",
}
"""What a move is called in the timeline; beside these: ``created``, ``sold``, ``updated``, ``tracking_changed``,
``payment_failed`` and ``payment_requires_action``."""

_ENDS_THE_UNCONFIRMED: tuple[Trigger, ...] = ("stock_short", "declined", "overdue")


class MovingOrder(OrderRecord):
    """An order that moves along the table only."""

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
        self._stamp(move, now, reason)
        self._note(HAPPENED[trigger], now=now, by=by, note=note)
        for event_type in move.emits:
            self.record(facts.FACTS[event_type](self))

    def _stamp(self, move: Move, now: datetime, reason: CancelReason | None) -> None:
        if move.wait != "as_before":
            self.due_at = self.deadline_at if move.wait == "deadline" and self.confirmed_at is None else None
        if move.to_status == "confirmed":
            self.confirmed_at = self.confirmed_at or now
        if move.to_status == "cancelled":
            self.cancel_reason, self.cancelled_at = reason, now

    def _follow(self, trigger: Trigger, *, now: datetime, by: Actor, reason: CancelReason | None = None) -> bool:
        """Make the move if the map has it from here; otherwise the fact came too late and changes nothing.

        What was confirmed once is ended by people alone, also while it is held.
        """
        was_confirmed = self.confirmed_at is not None
        if (was_confirmed and trigger in _ENDS_THE_UNCONFIRMED) or move_for(trigger, self.state) is None:
            return False
        self._move(trigger, now=now, by=by, reason=reason)
        return True

    def remember(self, request_id: str) -> bool:
        """Keep the id of a request that moves this order. False when that very request moved it before."""
        if request_id in self.requests:
            return False
        self.requests = [*self.requests, request_id][-REQUESTS_KEPT:]
        return True

    def _note(self, what: str, *, now: datetime, by: Actor, note: str | None = None) -> None:
        entry = TimelineEntry(at=now, type=what, actor=by, note=note)
        self.timeline = [*self.timeline, entry][-TIMELINE_KEPT:]
