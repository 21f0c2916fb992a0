"""Rules of orders and till sales, without I/O."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ComeBackLater, Conflict, DomainError, Invalid, InvalidTransition, NotFound
from common.events.parts import Tender, VariantFact
from common.money import Money
from services.sales.domain.lines import Tariff, Wanted, price
from services.sales.domain.order import Order, Parcel
from services.sales.domain.record import FulfilledItem
from services.sales.domain.till import change_of
from tests.sales.builders import BY, GROSS, NET, NOW, confirmed, gbp, mug, order, payment, priced, types


class TestPrice:
    def test_takes_tax_out_of_inclusive_prices(self) -> None:
        totals = priced(1, 2).totals
        assert (totals.subtotal.amount, totals.tax.amount, totals.grand_total.amount) == (3000, 500, 3000)

    def test_adds_tax_to_exclusive_prices_a_line(self) -> None:
        goods = priced(1, 2, tariff=NET)
        assert [line.tax.amount for line in goods.lines] == [200, 400]
        assert (goods.totals.tax.amount, goods.totals.grand_total.amount) == (600, 3600)

    def test_prefers_the_products_own_rate(self) -> None:
        goods = price("ord_1", [Wanted("prd_1", None, 1)], {"prd_1": mug(tax_basis_points=0)}, NET)
        assert goods.totals.grand_total.amount == 1000

    def test_keeps_two_lines_of_one_product_apart(self) -> None:
        goods = priced(1, 2)
        assert [line.quantity for line in goods.lines] == [1, 2]
        assert len({line.id for line in goods.lines}) == 2

    def test_wants_the_variant_where_there_are_variants(self) -> None:
        small = VariantFact(id="var_s", sku="MUG-S", options={}, price=gbp(700))
        products = {"prd_1": mug(variants=(small,))}
        with pytest.raises(Invalid) as refused:
            price("ord_1", [Wanted("prd_1", None, 1)], products, GROSS)
        assert refused.value.code == "variant_required"
        with pytest.raises(NotFound):
            price("ord_1", [Wanted("prd_1", "var_x", 1)], products, GROSS)
        assert price("ord_1", [Wanted("prd_1", "var_s", 1)], products, GROSS).totals.grand_total.amount == 700

    def test_refuses_what_is_unknown_archived_or_in_another_currency(self) -> None:
        wanted = [Wanted("prd_1", None, 1)]
        with pytest.raises(NotFound):
            price("ord_1", wanted, {}, GROSS)
        with pytest.raises(Invalid) as archived:
            price("ord_1", wanted, {"prd_1": mug(status="archived")}, GROSS)
        assert archived.value.code == "product_unavailable"
        with pytest.raises(Invalid):
            price("ord_1", [Wanted("prd_1", None, 1, Money.of(1, "EUR"))], {"prd_1": mug()}, GROSS)

    def test_refuses_sums_that_no_book_holds(self) -> None:
        with pytest.raises(Invalid) as refused:
            price("ord_1", [Wanted("prd_1", None, 1_000_000, gbp(10**15))], {"prd_1": mug()}, GROSS)
        assert refused.value.code == "amount_too_large"

    @given(
        st.lists(st.tuples(st.integers(1, 500), st.integers(0, 10**6)), min_size=1, max_size=20),
        st.integers(0, 3000),
        st.booleans(),
    )
    def test_sums_to_the_cent(self, rows: list[tuple[int, int]], rate: int, inclusive: bool) -> None:
        wanted = [Wanted("prd_1", None, quantity, gbp(amount)) for quantity, amount in rows]
        goods = price("ord_1", wanted, {"prd_1": mug()}, Tariff("GBP", inclusive, rate))
        totals = goods.totals
        assert totals.subtotal.amount == sum(quantity * amount for quantity, amount in rows)
        assert totals.tax.amount == sum(line.tax.amount for line in goods.lines)
        added = 0 if inclusive else totals.tax.amount
        assert totals.grand_total.amount == totals.subtotal.amount - totals.discount.amount + added


class TestPlace:
    def test_counts_the_deadline_from_now_and_not_from_an_earlier_date(self) -> None:
        placed = order()
        assert placed.deadline_at == placed.due_at == NOW + timedelta(seconds=900)
        assert placed.placed_at.year == 2011
        assert types(placed) == ["order.created"]


class TestSaga:
    def test_confirms_whichever_of_goods_and_money_comes_last(self) -> None:
        first, second = order(), order()
        first.stock_reserved(now=NOW)
        first.payment_succeeded(payment("pay_1", 2000), now=NOW, by=BY)
        second.payment_succeeded(payment("pay_1", 2000), now=NOW, by=BY)
        assert second.status == "pending"
        second.stock_reserved(now=NOW)
        assert first.state == second.state
        assert types(first) == types(second) == ["order.created", "order.confirmed"]
        assert first.due_at is None

    @pytest.mark.parametrize("method", ["cash_on_delivery", "on_account"])
    def test_confirms_what_is_promised_unpaid(self, method: str) -> None:
        placed = confirmed(method)
        assert (placed.status, placed.payment_status) == ("confirmed", "unpaid")
        placed.payment_succeeded(payment("pay_1", 2000), now=NOW, by=BY)
        assert (placed.payment_status, types(placed)[-1]) == ("paid", "order.paid")

    def test_waits_for_money_without_a_method(self) -> None:
        placed = confirmed(None)
        assert (placed.status, placed.payment_status, placed.fulfilment_status) == ("pending", "unpaid", "reserved")

    def test_is_paid_when_several_payments_cover_the_total(self) -> None:
        placed = confirmed("cash_on_delivery")
        placed.payment_succeeded(payment("pay_1", 500), now=NOW, by=BY)
        placed.payment_succeeded(payment("pay_1", 500), now=NOW, by=BY)
        assert (placed.payment_status, placed.paid.amount, placed.due.amount) == ("unpaid", 500, 1500)
        placed.payment_succeeded(payment("pay_2", 1500), now=NOW, by=BY)
        assert (placed.payment_status, placed.paid.amount, placed.due.amount) == ("paid", 2000, 0)

    def test_ends_when_stock_is_short_or_the_card_is_declined(self) -> None:
        short, declined = order(), order()
        short.stock_short(now=NOW)
        declined.stock_reserved(now=NOW)
        declined.payment_failed(payment("pay_1", 2000), final=True, now=NOW, by=BY)
        assert (short.status, short.cancel_reason, short.payment_status) == ("cancelled", "out_of_stock", "unpaid")
        assert (declined.cancel_reason, declined.payment_status) == ("payment_failed", "failed")
        assert declined.fulfilment_status == "unfulfilled"
        assert types(declined) == ["order.created", "order.cancelled"]

    def test_survives_a_declined_try(self) -> None:
        placed = confirmed(None)
        placed.payment_failed(payment("pay_1", 2000), final=False, now=NOW, by=BY)
        assert (placed.status, placed.payments[0].status) == ("pending", "failed")

    def test_expires_at_the_deadline_and_not_before(self) -> None:
        placed = confirmed(None)
        assert not placed.expire(now=NOW + timedelta(seconds=899))
        assert placed.expire(now=NOW + timedelta(seconds=900))
        assert (placed.cancel_reason, placed.payment_status) == ("expired", "expired")
        assert not placed.expire(now=NOW + timedelta(days=1))

    def test_does_not_confirm_past_the_deadline(self) -> None:
        placed = confirmed("card")
        placed.payment_succeeded(payment("pay_1", 2000), now=NOW + timedelta(seconds=901), by=BY)
        assert (placed.status, placed.cancel_reason, placed.payment_status) == ("cancelled", "expired", "paid")
        placed.payment_refunded(payment("pay_1", 2000), gbp(2000), now=NOW, by=BY)
        assert placed.payment_status == "refunded"

    def test_takes_late_money_of_a_cancelled_order_and_gives_it_back(self) -> None:
        placed = confirmed(None)
        placed.expire(now=NOW + timedelta(seconds=900))
        placed.payment_succeeded(payment("pay_1", 2000), now=NOW, by=BY)
        assert (placed.status, placed.payment_status, placed.paid.amount) == ("cancelled", "expired", 2000)
        placed.payment_refunded(payment("pay_1", 2000), gbp(2000), now=NOW, by=BY)
        assert (placed.payment_status, placed.refunded.amount) == ("refunded", 2000)

    def test_refunds_in_parts(self) -> None:
        placed = confirmed()
        placed.payment_succeeded(payment("pay_1", 2000), now=NOW, by=BY)
        placed.payment_refunded(payment("pay_1", 500), gbp(500), now=NOW, by=BY)
        assert (placed.payment_status, placed.refunded.amount) == ("partially_refunded", 500)
        placed.payment_refunded(payment("pay_1", 1500), gbp(2000), now=NOW, by=BY)
        assert (placed.payment_status, placed.payments[0].status) == ("refunded", "refunded")

    def test_keeps_a_refund_that_came_before_its_payment(self) -> None:
        with pytest.raises(ComeBackLater):
            confirmed().payment_refunded(payment("pay_1", 500), gbp(500), now=NOW, by=BY)

    def test_is_paid_when_its_debt_is_settled(self) -> None:
        placed = confirmed("on_account")
        placed.debt_settled(now=NOW, by=BY)
        assert (placed.payment_status, placed.paid.amount, types(placed)[-1]) == ("paid", 2000, "order.paid")

    def test_ends_although_its_money_went_back_before_the_goods_were_held(self) -> None:
        part, whole = order(), order()
        for placed, amount in ((part, 500), (whole, 2000)):
            placed.payment_succeeded(payment("pay_1", 2000), now=NOW, by=BY)
            placed.payment_refunded(payment("pay_1", amount), gbp(amount), now=NOW, by=BY)
            placed.stock_reserved(now=NOW)
        assert (part.status, part.payment_status) == ("confirmed", "partially_refunded")
        assert (whole.status, whole.payment_status) == ("pending", "refunded")
        assert whole.expire(now=NOW + timedelta(hours=1))
        assert (whole.status, whole.payment_status) == ("cancelled", "refunded")

    def test_needs_no_money_for_what_costs_nothing(self) -> None:
        free = price("ord_1", [Wanted("prd_1", None, 1, gbp(0))], {"prd_1": mug()}, GROSS)
        placed = order(None, goods=free)
        placed.stock_reserved(now=NOW)
        assert (placed.status, placed.payment_status) == ("confirmed", "paid")


class TestPeople:
    def test_cancel_once_and_answer_the_same_again(self) -> None:
        placed = confirmed()
        assert placed.cancel(reason="customer", note="changed my mind", now=NOW, by=BY)
        before = placed.model_dump()
        assert not placed.cancel(reason="staff", note=None, now=NOW, by=BY)
        assert placed.model_dump() == before
        assert types(placed) == ["order.created", "order.confirmed", "order.cancelled"]
        assert placed.recorded[-1].was_confirmed  # type: ignore[attr-defined]

    def test_cannot_cancel_what_was_shipped_or_completed(self) -> None:
        shipped = confirmed()
        shipped.fulfil(Parcel("ful_1", None, None), now=NOW, by=BY)
        with pytest.raises(Conflict) as refused:
            shipped.cancel(reason="staff", note=None, now=NOW, by=BY)
        assert refused.value.code == "return_required"
        done = confirmed()
        done.advance("processing", now=NOW, by=BY)
        done.advance("completed", now=NOW, by=BY)
        with pytest.raises(InvalidTransition):
            done.cancel(reason="staff", note=None, now=NOW, by=BY)

    def test_fulfil_in_parts_and_never_more_than_was_sold(self) -> None:
        placed = confirmed("cash_on_delivery", 2, 3)
        first, second = (line.id for line in placed.items)
        placed.fulfil(Parcel("ful_1", [FulfilledItem(item_id=second, quantity=1)], "T1"), now=NOW, by=BY)
        assert placed.fulfilment_status == "partially_fulfilled"
        with pytest.raises(Conflict):
            placed.fulfil(Parcel("ful_2", [FulfilledItem(item_id=second, quantity=3)], None), now=NOW, by=BY)
        with pytest.raises(Invalid):
            placed.fulfil(Parcel("ful_2", [FulfilledItem(item_id="itm_x", quantity=1)], None), now=NOW, by=BY)
        with pytest.raises(InvalidTransition):
            placed.deliver(now=NOW, by=BY)
        placed.fulfil(Parcel("ful_2", None, None), now=NOW, by=BY)
        assert [(item.item_id, item.quantity) for item in placed.fulfilments[1].items] == [(first, 2), (second, 2)]
        placed.deliver(now=NOW, by=BY)
        assert placed.state.fulfilment == "delivered"
        with pytest.raises(InvalidTransition):
            placed.fulfil(Parcel("ful_3", None, None), now=NOW, by=BY)

    def test_edit_before_fulfilment_only(self) -> None:
        placed = confirmed()
        placed.edit({"note": "ring twice"}, now=NOW, by=BY)
        placed.fulfil(Parcel("ful_1", None, None), now=NOW, by=BY)
        with pytest.raises(InvalidTransition):
            placed.edit({"note": "too late"}, now=NOW, by=BY)
        assert placed.note == "ring twice"


PAYMENTS = st.sampled_from(["pay_1", "pay_2"])
AMOUNTS = st.sampled_from([500, 1500, 2000])
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(
                ["reserved", "short", "cancel", "ship", "expire", "settle", "process", "complete", "hold", "release"]
            )
        ),
        st.tuples(
            st.sampled_from(["authorized", "paid", "declined", "failed", "refunded", "voided", "lapsed"]),
            PAYMENTS,
            AMOUNTS,
        ),
    ),
    max_size=12,
)


class TestAnyHistory:
    @settings(max_examples=300)
    @given(st.sampled_from(["card", "cash_on_delivery", "on_account", None]), STEPS)
    def test_confirms_and_cancels_once_and_never_waits_for_nothing(self, method: Any, steps: list[Any]) -> None:
        placed = order(method)
        for step in steps:
            before = placed.model_dump()
            try:
                _apply(placed, step)
            except (DomainError, ComeBackLater):
                assert placed.model_dump() == before, "a refused move changed something"
            assert placed.is_waiting == (placed.due_at is not None)
            assert placed.due.amount >= 0
        told = types(placed)
        assert told.count("order.confirmed") <= 1 and told.count("order.cancelled") <= 1
        assert told.count("order.paid") <= 1
        assert ("order.cancelled" in told) == (placed.status == "cancelled")
        assert placed.expire(now=NOW + timedelta(days=1)) == (
            placed.status == "cancelled" and "order.cancelled" not in told
        )
        assert not placed.is_waiting, "an order that nobody ends"


def _apply(placed: Order, step: Any) -> None:
    match step:
        case ("reserved",):
            placed.stock_reserved(now=NOW)
        case ("short",):
            placed.stock_short(now=NOW)
        case ("cancel",):
            placed.cancel(reason="staff", note=None, now=NOW, by=BY)
        case ("ship",):
            placed.fulfil(Parcel("ful_1", None, None), now=NOW, by=BY)
        case ("expire",):
            placed.expire(now=NOW + timedelta(hours=1))
        case ("settle",):
            placed.debt_settled(now=NOW, by=BY)
        case ("process",):
            placed.advance("processing", now=NOW, by=BY)
        case ("complete",):
            placed.advance("completed", now=NOW, by=BY)
        case ("hold",):
            placed.hold(note=None, now=NOW, by=BY)
        case ("release",):
            placed.release(now=NOW, by=BY)
        case ("authorized", payment_id, amount):
            placed.payment_authorized(payment(payment_id, amount), now=NOW, by=BY)
        case ("lapsed", payment_id, amount):
            placed.payment_expired(payment(payment_id, amount), now=NOW)
        case ("paid", payment_id, amount):
            placed.payment_succeeded(payment(payment_id, amount), now=NOW, by=BY)
        case (("declined" | "failed") as how, payment_id, amount):
            placed.payment_failed(payment(payment_id, amount), final=how == "declined", now=NOW, by=BY)
        case ("refunded", payment_id, amount):
            placed.payment_refunded(payment(payment_id, amount), gbp(amount), now=NOW, by=BY)
        case ("voided", payment_id, amount):
            placed.payment_voided(payment(payment_id, amount), now=NOW)


class TestChange:
    def test_comes_back_from_cash_only(self) -> None:
        assert change_of([Tender(method="cash", amount=gbp(2000))], gbp(1500)).amount == 500
        with pytest.raises(Invalid) as over:
            change_of([Tender(method="card", amount=gbp(2000))], gbp(1500))
        with pytest.raises(Invalid) as short:
            change_of([Tender(method="cash", amount=gbp(1000))], gbp(1500))
        assert (over.value.code, short.value.code) == ("tender_exceeds_total", "tender_short")

    @given(
        st.lists(st.tuples(st.sampled_from(["cash", "card"]), st.integers(1, 5000)), max_size=5), st.integers(0, 9000)
    )
    def test_leaves_exactly_the_total(self, given_: list[tuple[str, int]], total: int) -> None:
        tenders = [Tender(method=method, amount=gbp(amount)) for method, amount in given_]
        try:
            change = change_of(tenders, gbp(total))
        except Invalid:
            return
        assert sum(amount for _, amount in given_) - change.amount == total
        assert 0 <= change.amount <= sum(amount for method, amount in given_ if method == "cash")
