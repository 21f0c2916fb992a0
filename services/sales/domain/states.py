"""The order's state machine as one table: state × trigger → next state, what is emitted, until when to wait.

The three axes and their legal moves are those of the wire contract; the table below is the only place
that moves an order along them.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from common.errors import InvalidTransition

Status = Literal["pending", "on_hold", "confirmed", "processing", "completed", "cancelled"]
PaymentStatus = Literal["unpaid", "authorized", "paid", "partially_refunded", "refunded", "failed", "expired"]
FulfilmentStatus = Literal[
    "unfulfilled", "reserved", "partially_fulfilled", "fulfilled", "delivered", "partially_returned", "returned"
]
CancelReason = Literal["out_of_stock", "payment_failed", "expired", "customer", "staff"]
Trigger = Literal[
    "stock_reserved",
    "stock_short",
    "ready",
    "authorized",
    "captured",
    "settled",
    "declined",
    "overdue",
    "called_off",
    "held",
    "released",
    "resumed",
    "processing",
    "completed",
    "shipped_part",
    "shipped_all",
    "delivered",
    "returned_part",
    "returned_all",
    "voided",
    "refunded_part",
    "refunded_all",
]
Wait = Literal["deadline", "nothing", "as_before"]

STATUSES: tuple[Status, ...] = get_args(Status)
PAYMENT_STATUSES: tuple[PaymentStatus, ...] = get_args(PaymentStatus)
FULFILMENT_STATUSES: tuple[FulfilmentStatus, ...] = get_args(FulfilmentStatus)
TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)

STATUS_MAP: dict[str, set[str]] = {
    "pending": {"on_hold", "confirmed", "cancelled"},
    "on_hold": {"confirmed", "processing", "cancelled"},
    "confirmed": {"on_hold", "processing", "cancelled"},
    "processing": {"completed", "cancelled"},
    "completed": set(),
    "cancelled": set(),
}
PAYMENT_MAP: dict[str, set[str]] = {
    "unpaid": {"authorized", "paid", "failed", "expired"},
    "authorized": {"unpaid", "paid", "failed", "expired"},
    "paid": {"partially_refunded", "refunded"},
    "partially_refunded": {"refunded"},
    "refunded": set(),
    "failed": {"refunded"},
    "expired": {"refunded"},
}
FULFILMENT_MAP: dict[str, set[str]] = {
    "unfulfilled": {"reserved"},
    "reserved": {"unfulfilled", "partially_fulfilled", "fulfilled"},
    "partially_fulfilled": {"fulfilled"},
    "fulfilled": {"delivered", "partially_returned", "returned"},
    "delivered": {"partially_returned", "returned"},
    "partially_returned": {"returned"},
    "returned": set(),
}


@dataclass(frozen=True, slots=True)
class State:
    """Where an order stands on the three axes."""

    status: Status
    payment: PaymentStatus
    fulfilment: FulfilmentStatus


@dataclass(frozen=True, slots=True)
class Move:
    """One row. ``None`` among the next states: that axis stays. ``wait``: by when the next event must come."""

    trigger: Trigger
    status: tuple[Status, ...]
    payment: tuple[PaymentStatus, ...]
    fulfilment: tuple[FulfilmentStatus, ...]
    to_status: Status | None
    to_payment: PaymentStatus | None
    to_fulfilment: FulfilmentStatus | None
    emits: tuple[str, ...] = ()
    wait: Wait = "nothing"

    def starts_at(self, state: State) -> bool:
        """Whether this row applies to an order in ``state``."""
        return state.status in self.status and state.payment in self.payment and state.fulfilment in self.fulfilment

    def after(self, state: State) -> State:
        """Where this row leads from ``state``."""
        return State(
            self.to_status or state.status, self.to_payment or state.payment, self.to_fulfilment or state.fulfilment
        )


_OPEN: tuple[Status, ...] = ("pending", "on_hold")
_ALIVE: tuple[Status, ...] = ("pending", "on_hold", "confirmed", "processing")
_CONFIRMED: tuple[Status, ...] = ("confirmed", "processing", "completed")
_SHIPPING: tuple[Status, ...] = ("confirmed", "processing")
_DUE: tuple[PaymentStatus, ...] = ("unpaid", "authorized")
_BEFORE_END: tuple[PaymentStatus, ...] = ("unpaid", "authorized", "paid", "partially_refunded")
_RECEIVED: tuple[PaymentStatus, ...] = ("paid", "partially_refunded", "refunded")
_BACK: tuple[FulfilmentStatus, ...] = ("fulfilled", "delivered", "partially_returned")
_UNSHIPPED: tuple[FulfilmentStatus, ...] = ("unfulfilled", "reserved")

_ANY = STATUSES
_ANY_PAYMENT = PAYMENT_STATUSES
_ANY_FULFILMENT = FULFILMENT_STATUSES

# trigger, from: status, payment, fulfilment → to: status, payment, fulfilment, emitted, waiting for
TABLE: tuple[Move, ...] = (
    Move("stock_reserved", _OPEN, _ANY_PAYMENT, ("unfulfilled",), None, None, "reserved", (), "deadline"),
    Move("ready", ("pending",), _BEFORE_END, ("reserved",), "confirmed", None, None, ("order.confirmed",)),
    Move("stock_short", _OPEN, _ANY_PAYMENT, _UNSHIPPED, "cancelled", None, "unfulfilled", ("order.cancelled",)),
    Move("authorized", _OPEN, ("unpaid",), _ANY_FULFILMENT, None, "authorized", None, (), "deadline"),
    Move("authorized", _CONFIRMED, ("unpaid",), _ANY_FULFILMENT, None, "authorized", None),
    Move("captured", _OPEN, _DUE, _ANY_FULFILMENT, None, "paid", None, (), "deadline"),
    Move("captured", _CONFIRMED, _DUE, _ANY_FULFILMENT, None, "paid", None, ("order.paid",)),
    Move("captured", ("cancelled",), _DUE, _ANY_FULFILMENT, None, "paid", None),
    Move("settled", ("on_hold",), _DUE, _ANY_FULFILMENT, None, "paid", None, ("order.paid",), "as_before"),
    Move("declined", _OPEN, _DUE, _UNSHIPPED, "cancelled", "failed", "unfulfilled", ("order.cancelled",)),
    Move("overdue", _OPEN, _DUE, _UNSHIPPED, "cancelled", "expired", "unfulfilled", ("order.cancelled",)),
    Move("overdue", _OPEN, _RECEIVED, _UNSHIPPED, "cancelled", None, "unfulfilled", ("order.cancelled",)),
    Move("called_off", _ALIVE, _ANY_PAYMENT, _UNSHIPPED, "cancelled", None, "unfulfilled", ("order.cancelled",)),
    Move("held", ("pending",), _BEFORE_END, _UNSHIPPED, "on_hold", None, None, ("order.status_changed",), "deadline"),
    Move(
        "held",
        ("confirmed",),
        _ANY_PAYMENT,
        _UNSHIPPED,
        "on_hold",
        None,
        None,
        ("order.status_changed",),
        "as_before",
    ),
    Move("released", ("on_hold",), _BEFORE_END, ("reserved",), "confirmed", None, None, ("order.confirmed",)),
    Move("resumed", ("on_hold",), _ANY_PAYMENT, ("reserved",), "confirmed", None, None, ("order.status_changed",)),
    Move(
        "processing", ("confirmed",), _ANY_PAYMENT, _ANY_FULFILMENT, "processing", None, None, ("order.status_changed",)
    ),
    Move(
        "completed", ("processing",), _ANY_PAYMENT, _ANY_FULFILMENT, "completed", None, None, ("order.status_changed",)
    ),
    Move(
        "shipped_part",
        _SHIPPING,
        _ANY_PAYMENT,
        ("reserved", "partially_fulfilled"),
        None,
        None,
        "partially_fulfilled",
        ("order.fulfilled",),
    ),
    Move(
        "shipped_all",
        _SHIPPING,
        _ANY_PAYMENT,
        ("reserved", "partially_fulfilled"),
        None,
        None,
        "fulfilled",
        ("order.fulfilled",),
    ),
    Move("delivered", _CONFIRMED, _ANY_PAYMENT, ("fulfilled",), None, None, "delivered", ("order.status_changed",)),
    Move("returned_part", _CONFIRMED, _ANY_PAYMENT, _BACK, None, None, "partially_returned", (), "as_before"),
    Move("returned_all", _CONFIRMED, _ANY_PAYMENT, _BACK, None, None, "returned", (), "as_before"),
    Move("voided", _ANY, ("authorized",), _ANY_FULFILMENT, None, "unpaid", None, (), "as_before"),
    Move(
        "refunded_part",
        _ANY,
        ("paid", "partially_refunded"),
        _ANY_FULFILMENT,
        None,
        "partially_refunded",
        None,
        (),
        "as_before",
    ),
    Move(
        "refunded_all",
        _ANY,
        ("paid", "partially_refunded", "failed", "expired"),
        _ANY_FULFILMENT,
        None,
        "refunded",
        None,
        (),
        "as_before",
    ),
)

_BY_TRIGGER: dict[str, tuple[Move, ...]] = {
    trigger: tuple(move for move in TABLE if move.trigger == trigger) for trigger in TRIGGERS
}


def move_for(trigger: Trigger, state: State) -> Move | None:
    """The row for ``trigger`` in ``state``, or None when the map has no such move."""
    return next((move for move in _BY_TRIGGER[trigger] if move.starts_at(state)), None)


def require_move(trigger: Trigger, state: State) -> Move:
    """The row for ``trigger`` in ``state``. Raises InvalidTransition when the map has no such move."""
    move = move_for(trigger, state)
    if move is None:
        raise InvalidTransition(
            f"An order that is {state.status}, {state.payment} and {state.fulfilment} cannot be moved by {trigger}.",
            orderStatus=state.status,
            paymentStatus=state.payment,
            fulfilmentStatus=state.fulfilment,
        )
    return move
