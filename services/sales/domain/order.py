"""The order: every change of it goes through the state table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from common.errors import Conflict, Invalid, InvalidTransition, NotFound
from common.events.orders import OrderUpdated, SagaResumed
from common.events.parts import PostalAddress, StockLine
from common.money import Money
from services.sales.domain import facts
from services.sales.domain.lines import Line, Priced
from services.sales.domain.record import (
    SYSTEM,
    Actor,
    Allocation,
    Capture,
    Channel,
    FulfilledItem,
    Fulfilment,
    FulfilmentMethod,
    Method,
    PaymentChoice,
    TimelineEntry,
)
from services.sales.domain.returned import ReturnableOrder
from services.sales.domain.settlement import PaymentFact
from services.sales.domain.states import CancelReason, require_move

__all__ = ["Order", "Parcel", "PaymentFact", "Placing"]


@dataclass(frozen=True, slots=True)
class Placing:
    """Who orders and how, beside the priced lines."""

    order_id: str
    company_id: str
    number: str
    channel: Channel
    customer_id: str | None
    email: str | None
    customer_name: str | None
    shop_id: str | None
    cart_id: str | None
    cart_key: str | None
    method: Method | None
    has_payment_token: bool
    capture: Capture
    fulfilment_method: FulfilmentMethod
    shipping_address: PostalAddress | None
    billing_address: PostalAddress | None
    note: str | None
    token_hash: str | None
    placed_at: datetime | None
    deadline_seconds: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is handed over at once. ``items`` None: all that is left."""

    parcel_id: str
    items: Sequence[FulfilledItem] | None
    tracking: str | None = None
    warehouse_id: str | None = None


class Order(ReturnableOrder):
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
            customer_name=placing.customer_name,
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
            payment=PaymentChoice(method=placing.method, capture=placing.capture) if placing.method else None,
            has_payment_token=placing.has_payment_token,
            fulfilment_method=placing.fulfilment_method,
            shipping_address=placing.shipping_address,
            billing_address=placing.billing_address,
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

    def stock_reserved(self, lines: Sequence[StockLine] = (), *, now: datetime) -> None:
        """All lines are held, in one warehouse or several; confirms when money is settled or promised."""
        if self._follow("stock_reserved", now=now, by=SYSTEM):
            self.allocations = [
                Allocation(sku=line.sku, warehouse_id=line.warehouse_id, quantity=line.quantity) for line in lines
            ]
            self._note_if_covered(now=now, by=SYSTEM)
            self._confirm_if_ready(now=now, by=SYSTEM)

    def stock_short(self, *, now: datetime) -> None:
        """Some line fell short: the order ends."""
        self._follow("stock_short", now=now, by=SYSTEM, reason="out_of_stock")

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

    def resume(self, *, reason: str, now: datetime) -> None:
        """An operator makes it go on: what is overdue ends here and now, and the reason is told to the auditors."""
        self.expire(now=now)
        self.record(
            SagaResumed(order_id=self.id, number=self.number, shop_id=self.shop_id, reason=reason, status=self.status)
        )

    def advance(self, to: str, *, now: datetime, by: Actor) -> None:
        """Move to ``processing`` or ``completed``. Raises InvalidTransition."""
        self._move("processing" if to == "processing" else "completed", now=now, by=by)

    def hold(self, *, note: str | None, now: datetime, by: Actor) -> None:
        """Set aside for a look. The deadline of an unconfirmed one runs on: so does the hold of its goods.

        Raises InvalidTransition.
        """
        self._move("held", now=now, by=by, note=note)

    def release(self, *, now: datetime, by: Actor) -> None:
        """Let it go on where it stood. Raises InvalidTransition while goods or money are still awaited."""
        if self.confirmed_at is not None:
            self._move("resumed", now=now, by=by)
            return
        require_move("released", self.state)
        if not self.is_covered:
            raise InvalidTransition("This order still waits for its payment.", paymentStatus=self.payment_status)
        if self.due_at is not None and now >= self.due_at:
            raise InvalidTransition("The deadline of this order has passed.", orderStatus=self.status)
        self._move("released", now=now, by=by)

    def fulfil(self, parcel: Parcel, *, now: datetime, by: Actor) -> None:
        """Hand a parcel over. Raises Invalid, Conflict ``quantity_exceeds_open``, InvalidTransition."""
        require_move("shipped_part", self.state)
        self._check_warehouse(parcel.warehouse_id)
        by_line = self._shipped(parcel.items)
        for line in self.items:
            line.fulfilled_quantity += by_line.get(line.id, 0)
        entry = Fulfilment(
            id=parcel.parcel_id,
            items=[FulfilledItem(item_id=item_id, quantity=quantity) for item_id, quantity in by_line.items()],
            tracking=parcel.tracking,
            warehouse_id=parcel.warehouse_id,
            at=now,
        )
        self.fulfilments = [*self.fulfilments, entry]
        is_done = all(line.open_quantity == 0 for line in self.items)
        self._move("shipped_all" if is_done else "shipped_part", now=now, by=by)

    def track(self, parcel_id: str, tracking: str | None, *, now: datetime, by: Actor) -> bool:
        """Note or change where a parcel is followed. False when it says so already. Raises NotFound."""
        parcel = next((parcel for parcel in self.fulfilments if parcel.id == parcel_id), None)
        if parcel is None:
            raise NotFound("fulfilment")
        if parcel.tracking == tracking:
            return False
        changed = parcel.model_copy(update={"tracking": tracking})
        self.fulfilments = [changed if each.id == parcel_id else each for each in self.fulfilments]
        self._note("tracking_changed", now=now, by=by)
        before, after = ({"fulfilmentId": parcel_id, "tracking": value} for value in (parcel.tracking, tracking))
        self.record(OrderUpdated(before=before, after=after, order_id=self.id, shop_id=self.shop_id))
        return True

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

    def _check_warehouse(self, warehouse_id: str | None) -> None:
        """A parcel leaves from where goods are held for this order."""
        held = {allocation.warehouse_id for allocation in self.allocations}
        if warehouse_id is not None and held and warehouse_id not in held:
            fields = [("warehouseId", "holds nothing of this order")]
            raise Invalid("unknown_warehouse", "Nothing of this order is held there.", fields)

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


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.model_dump(mode="json", by_alias=True) if isinstance(value, PostalAddress) else value
        for name, value in values.items()
    }
