"""What comes back of a sale: the parts sum to the whole, and never more than was sold."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Conflict, Invalid
from common.events.parts import Tender
from common.money import Money
from services.sales.domain import lines
from services.sales.domain.lines import Sellable, Tariff, Wanted
from services.sales.domain.order import Order
from services.sales.domain.record import Actor
from services.sales.domain.returned import Brought, share_of
from services.sales.domain.settlement import PaymentFact
from services.sales.domain.till import Sale, sell

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STAFF = Actor(type="user", id="usr_1")


def gbp(amount: int) -> Money:
    return Money.of(amount, "GBP")


def tender(method: str, amount: int) -> Tender:
    return Tender(method=method, amount=gbp(amount))


def sold(
    *pieces: int, price: int = 1000, tax: int = 2000, inclusive: bool = True, discount: int = 0, on_account: int = 0
) -> Order:
    """A sale of as many lines as ``pieces`` names, each of one product."""
    products = {
        f"prd_{number}": Sellable(f"prd_{number}", f"SKU{number}", "Thing", "active", gbp(price + number), None, ())
        for number in range(len(pieces))
    }
    wanted = [Wanted(f"prd_{number}", None, quantity) for number, quantity in enumerate(pieces)]
    tariff = Tariff("GBP", inclusive, tax)
    priced = lines.price("ord_1", wanted, products, tariff, discount=gbp(discount))
    rest = priced.totals.grand_total.amount - on_account
    tenders = [tender("cash", rest)] if rest else []
    sale = Sale(
        order_id="ord_1",
        company_id="cmp_1",
        number="TS-1",
        shop_id="shp_1",
        customer_id="cus_1",
        customer_name=None,
        email=None,
        client_sale_id="1",
        tenders=[*tenders, *([tender("on_account", on_account)] if on_account else [])],
        note=None,
        sold_at=NOW,
        fingerprint="f",
    )
    return sell(sale, priced, now=NOW, by=STAFF)


def bring_back(order: Order, product: int, quantity: int, method: str = "cash") -> int:
    items, due = order.give_back([Brought(None, f"prd_{product}", None, quantity)])
    tenders = [tender(method, due.amount)] if due.amount else []
    order.take_back("ret_1", items, tenders, now=NOW, by=STAFF)
    return due.amount


class TestShareOf:
    @given(st.integers(0, 10**9), st.integers(1, 200), st.data())
    def test_parts_sum_to_the_whole_however_they_are_taken(
        self, amount: int, quantity: int, data: st.DataObject
    ) -> None:
        left, parts = quantity, []
        while left:
            count = data.draw(st.integers(1, left))
            parts.append(share_of(gbp(amount), quantity, quantity - left, count).amount)
            left -= count
        assert sum(parts) == amount
        assert all(part >= 0 for part in parts)

    @given(st.integers(0, 10**6), st.integers(1, 50))
    def test_is_what_allocation_by_largest_remainder_gives(self, amount: int, quantity: int) -> None:
        pieces = gbp(amount).allocate([1] * quantity)
        assert [share_of(gbp(amount), quantity, number, 1) for number in range(quantity)] == pieces


class TestGiveBack:
    @given(
        st.lists(st.integers(1, 7), min_size=1, max_size=4),
        st.integers(0, 900),
        st.booleans(),
        st.integers(0, 2500),
        st.data(),
    )
    def test_gives_back_what_was_paid_and_no_more(
        self, pieces: list[int], discount: int, inclusive: bool, tax: int, data: st.DataObject
    ) -> None:
        order = sold(*pieces, discount=discount, inclusive=inclusive, tax=tax)
        left, given = list(pieces), 0
        while any(left):
            product = data.draw(st.sampled_from([number for number, open_ in enumerate(left) if open_]))
            quantity = data.draw(st.integers(1, left[product]))
            given += bring_back(order, product, quantity)
            left[product] -= quantity
            is_done = not any(left)
            assert order.fulfilment_status == ("returned" if is_done else "partially_returned")
        assert given == order.totals.grand_total.amount == order.refunded.amount
        assert order.payment_status == ("refunded" if given else "paid")
        with pytest.raises(Exception, match="moved by returned_part"):
            order.give_back([Brought(None, "prd_0", None, 1)])

    def test_refuses_more_than_was_sold_less_what_came_back(self) -> None:
        order = sold(3, 1)
        bring_back(order, 0, 2)
        item = order.items[0].id
        for brought in (
            [Brought(None, "prd_0", None, 2)],
            [Brought(item, None, None, 1), Brought(None, "prd_0", None, 1)],
        ):
            with pytest.raises(Conflict) as refused:
                order.give_back(brought)
            assert refused.value.code == "quantity_exceeds_sold"
        with pytest.raises(Invalid) as unknown:
            order.give_back([Brought(None, "prd_9", None, 1)])
        assert unknown.value.code == "unknown_item"

    def test_looks_for_a_product_along_all_its_lines(self) -> None:
        order = sold(2, 2)
        for line in order.items:
            line.product_id = "prd_0"
        items, _ = order.give_back([Brought(None, "prd_0", None, 3)])
        assert [item.quantity for item in items] == [2, 1]

    def test_leaves_out_what_was_refunded_before(self) -> None:
        order = sold(1)
        paid = PaymentFact("pay_1", "cash", gbp(1000))
        order.payment_succeeded(paid, now=NOW, by=STAFF)
        order.payment_refunded(PaymentFact("pay_1", "cash", gbp(400)), gbp(400), now=NOW, by=STAFF)
        items, due = order.give_back([Brought(None, "prd_0", None, 1)])
        assert (items[0].refund.amount, due.amount) == (1000, 600)

    def test_counts_what_payment_tells_of_a_return_once(self) -> None:
        order = sold(2)
        bring_back(order, 0, 1)
        order.payment_succeeded(PaymentFact("pay_1", "cash", gbp(2000)), now=NOW, by=STAFF)
        entries = len(order.timeline)
        order.payment_refunded(PaymentFact("pay_1", "cash", gbp(1000)), gbp(1000), now=NOW, by=STAFF)
        assert (order.refunded.amount, order.payment_status, len(order.timeline)) == (
            1000,
            "partially_refunded",
            entries,
        )


class TestTakeBack:
    def test_gives_money_back_the_way_there_is_room_for(self) -> None:
        order = sold(2, on_account=1500)
        items, due = order.give_back([Brought(None, "prd_0", None, 2)])
        assert due.amount == 2000
        for tenders in ([tender("cash", 2000)], [tender("on_account", 2000)], [tender("card", 500)]):
            with pytest.raises(Conflict) as refused:
                order.take_back("ret_1", items, tenders, now=NOW, by=STAFF)
            assert refused.value.code == "refund_exceeds_paid"
        assert (order.fulfilment_status, order.items[0].returned_quantity) == ("fulfilled", 0)
        order.take_back("ret_1", items, [tender("cash", 500), tender("on_account", 1500)], now=NOW, by=STAFF)
        assert (order.fulfilment_status, order.payment_status, order.refunded.amount) == ("returned", "refunded", 2000)

    def test_takes_money_for_a_debt_that_was_paid_meanwhile(self) -> None:
        order = sold(1, on_account=1000)
        order.payment_succeeded(PaymentFact("pay_1", "on_account", gbp(1000)), now=NOW, by=STAFF)
        items, due = order.give_back([Brought(None, "prd_0", None, 1)])
        with pytest.raises(Conflict):
            order.take_back("ret_1", items, [tender("on_account", 1000)], now=NOW, by=STAFF)
        order.take_back("ret_1", items, [tender("cash", due.amount)], now=NOW, by=STAFF)
        assert order.refunded.amount == 1000
