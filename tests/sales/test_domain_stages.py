"""Calling off, authorising, holding and allocating orders in every stage, without I/O."""

from datetime import timedelta

import pytest

from common.errors import Conflict, Invalid, InvalidTransition
from common.events.orders import OrderCancelled, OrderFulfilled
from common.events.parts import StockLine
from services.sales.domain.order import Order, Parcel
from services.sales.domain.record import FulfilledItem
from tests.sales.builders import BY, NOW, confirmed, gbp, order, payment, types


def _stages() -> dict[str, Order]:
    """An order in each stage in which it may still be called off."""
    made = {"pending": order(), "reserved": confirmed("card"), "promised": confirmed(), "debt": confirmed("on_account")}
    made["paid"], made["authorized"], made["processing"] = confirmed("card"), confirmed("card"), confirmed()
    made["held"], made["held_confirmed"] = order(), confirmed()
    made["paid"].payment_succeeded(payment("pay_1", 2000), now=NOW, by=BY)
    made["authorized"].payment_authorized(payment("pay_1", 2000), now=NOW, by=BY)
    made["processing"].advance("processing", now=NOW, by=BY)
    made["held"].hold(note=None, now=NOW, by=BY)
    made["held_confirmed"].hold(note=None, now=NOW, by=BY)
    return made


class TestCancel:
    @pytest.mark.parametrize("stage", _stages())
    def test_in_every_stage_tells_stock_money_and_debt_once(self, stage: str) -> None:
        placed = _stages()[stage]
        was_confirmed = placed.confirmed_at is not None
        assert placed.cancel(reason="staff", note=None, now=NOW, by=BY)
        assert not placed.cancel(reason="staff", note=None, now=NOW, by=BY)
        [told] = [event for event in placed.recorded if isinstance(event, OrderCancelled)]
        assert (told.was_confirmed, told.total, told.reason) == (was_confirmed, gbp(2000), "staff")
        assert (placed.status, placed.fulfilment_status, placed.due.amount) == ("cancelled", "unfulfilled", 0)
        assert placed.due_at is None

    def test_lets_money_go_back_afterwards(self) -> None:
        made = _stages()
        paid, authorized = made["paid"], made["authorized"]
        for placed in (paid, authorized):
            placed.cancel(reason="customer", note=None, now=NOW, by=BY)
        paid.payment_refunded(payment("pay_1", 2000), gbp(2000), now=NOW, by=BY)
        authorized.payment_voided(payment("pay_1", 2000), now=NOW)
        assert (paid.payment_status, paid.refunded) == ("refunded", gbp(2000))
        assert (authorized.payment_status, authorized.status) == ("unpaid", "cancelled")

    def test_needs_a_return_once_a_part_was_shipped(self) -> None:
        placed = confirmed("cash_on_delivery", 2, 3)
        placed.fulfil(Parcel("ful_1", [FulfilledItem(item_id=placed.items[0].id, quantity=1)]), now=NOW, by=BY)
        before = placed.model_dump()
        with pytest.raises(Conflict) as refused:
            placed.cancel(reason="customer", note=None, now=NOW, by=BY)
        assert refused.value.code == "return_required"
        assert placed.model_dump() == before


class TestAuthorized:
    def test_confirms_when_goods_are_held_and_is_paid_when_captured(self) -> None:
        placed = order()
        placed.payment_authorized(payment("pay_1", 2000), now=NOW, by=BY)
        assert (placed.status, placed.payment_status) == ("pending", "authorized")
        placed.stock_reserved(now=NOW)
        assert (placed.state.status, placed.paid.amount, placed.due_at) == ("confirmed", 0, None)
        placed.payment_succeeded(payment("pay_1", 2000), now=NOW, by=BY)
        assert placed.state.payment == "paid"
        assert types(placed) == ["order.created", "order.confirmed", "order.paid"]

    def test_does_not_confirm_for_a_part(self) -> None:
        placed = confirmed("card")
        placed.payment_authorized(payment("pay_1", 1500), now=NOW, by=BY)
        assert (placed.status, placed.payment_status) == ("pending", "unpaid")
        placed.payment_authorized(payment("pay_2", 500), now=NOW, by=BY)
        assert (placed.state.status, placed.state.payment) == ("confirmed", "authorized")

    def test_is_unpaid_when_voided_or_lapsed_and_stays_so_when_told_late(self) -> None:
        for let_go in (Order.payment_voided, Order.payment_expired):
            placed = confirmed("card")
            placed.payment_authorized(payment("pay_1", 2000), now=NOW, by=BY)
            let_go(placed, payment("pay_2", 2000), now=NOW)
            assert placed.payment_status == "authorized", "another payment was let go"
            let_go(placed, payment("pay_1", 2000), now=NOW)
            placed.payment_authorized(payment("pay_1", 2000), now=NOW, by=BY)
            assert (placed.state.status, placed.state.payment) == ("confirmed", "unpaid")


class TestHold:
    def test_of_a_pending_order_lets_the_deadline_run(self) -> None:
        placed = order()
        placed.hold(note="odd address", now=NOW, by=BY)
        assert (placed.status, placed.due_at) == ("on_hold", placed.deadline_at)
        assert (placed.timeline[-1].type, placed.timeline[-1].note, placed.timeline[-1].actor) == (
            "on_hold",
            "odd address",
            BY,
        )
        assert placed.expire(now=NOW + timedelta(seconds=900))

    def test_keeps_money_and_goods_from_confirming_until_released(self) -> None:
        placed = order()
        placed.hold(note=None, now=NOW, by=BY)
        placed.stock_reserved(now=NOW)
        with pytest.raises(InvalidTransition):
            placed.release(now=NOW, by=BY)
        placed.payment_succeeded(payment("pay_1", 2000), now=NOW, by=BY)
        assert placed.status == "on_hold"
        with pytest.raises(InvalidTransition):
            placed.release(now=NOW + timedelta(hours=1), by=BY)
        placed.release(now=NOW, by=BY)
        assert (placed.state.status, placed.due_at) == ("confirmed", None)
        assert types(placed) == ["order.created", "order.status_changed", "order.confirmed"]

    def test_of_a_confirmed_order_waits_for_nobody_and_confirms_nothing_twice(self) -> None:
        placed = confirmed()
        placed.hold(note=None, now=NOW, by=BY)
        assert (placed.due_at, placed.is_waiting) == (None, False)
        assert not placed.expire(now=NOW + timedelta(days=9))
        with pytest.raises(InvalidTransition):
            placed.fulfil(Parcel("ful_1", None), now=NOW, by=BY)
        with pytest.raises(InvalidTransition):
            placed.advance("processing", now=NOW, by=BY)
        placed.payment_failed(payment("pay_2", 2000), final=True, now=NOW, by=BY)
        placed.payment_authorized(payment("pay_1", 2000), now=NOW, by=BY)
        assert (placed.status, placed.payment_status, placed.due_at) == ("on_hold", "authorized", None)
        placed.payment_succeeded(payment("pay_1", 2000), now=NOW, by=BY)
        assert (placed.state.status, placed.state.payment, placed.due_at) == ("on_hold", "paid", None)
        placed.release(now=NOW, by=BY)
        assert types(placed) == [
            "order.created",
            "order.confirmed",
            "order.status_changed",
            "order.paid",
            "order.status_changed",
        ]
        assert placed.timeline[-1].type == "released"

    def test_is_for_pending_and_confirmed_orders_before_anything_was_shipped(self) -> None:
        shipped, processing = confirmed(), confirmed()
        shipped.fulfil(Parcel("ful_1", None), now=NOW, by=BY)
        processing.advance("processing", now=NOW, by=BY)
        for placed in (shipped, processing):
            with pytest.raises(InvalidTransition):
                placed.hold(note=None, now=NOW, by=BY)


class TestAllocations:
    def test_may_name_several_warehouses_a_sku(self) -> None:
        placed = order("cash_on_delivery", 5)
        held = [StockLine(sku="MUG", warehouse_id=where, quantity=n) for where, n in (("whs_1", 2), ("whs_2", 3))]
        placed.stock_reserved(held, now=NOW)
        assert [each.warehouse_id for each in placed.allocations] == ["whs_1", "whs_2"]
        item = placed.items[0].id
        with pytest.raises(Invalid) as refused:
            placed.fulfil(Parcel("ful_1", None, None, "whs_9"), now=NOW, by=BY)
        assert refused.value.code == "unknown_warehouse"
        placed.fulfil(Parcel("ful_1", [FulfilledItem(item_id=item, quantity=2)], None, "whs_1"), now=NOW, by=BY)
        placed.fulfil(Parcel("ful_2", None, None, "whs_2"), now=NOW, by=BY)
        assert placed.fulfilment_status == "fulfilled"
        assert [event.warehouse_id for event in placed.recorded if isinstance(event, OrderFulfilled)] == [
            "whs_1",
            "whs_2",
        ]


class TestRemember:
    def test_knows_a_request_that_ran_before(self) -> None:
        placed = order()
        assert placed.remember("req_1")
        assert not placed.remember("req_1")
        for number in range(30):
            placed.remember(f"req_x{number}")
        assert len(placed.requests) == 20
