"""What an order comes to: discounts, tax, and sums that lose no minor unit, in any currency."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Invalid
from common.money import Money, basis_points_of
from services.sales.domain.lines import Line, Priced, Sellable, Tariff, Wanted, price

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])


def mug(currency: str, rate: int | None = None) -> Sellable:
    return Sellable("prd_1", "MUG", "Mug", "active", Money.of(1000, currency), rate, ())


def goods(rows: list[tuple[int, int, int]], currency: str = "EUR", **how: Any) -> Priced:
    """Lines of (pieces, unit price, discount)."""
    tariff = Tariff(currency, how.pop("inclusive", True), how.pop("rate", 2000))
    wanted = [
        Wanted("prd_1", None, pieces, Money.of(unit, currency), Money.of(off, currency) if off else None)
        for pieces, unit, off in rows
    ]
    order_off = how.pop("discount", None)
    discount = None if order_off is None else Money.of(order_off, currency)
    return price("ord_1", wanted, {"prd_1": mug(currency, how.pop("own_rate", None))}, tariff, discount=discount)


def amounts(lines: list[Line], what: str) -> list[int]:
    return [getattr(line, what).amount for line in lines]


class TestDiscount:
    def test_of_the_order_is_split_by_largest_remainder(self) -> None:
        priced = goods([(1, 1000, 0), (1, 1000, 0), (1, 1000, 0)], discount=100)
        assert amounts(priced.lines, "discount") == [34, 33, 33]
        assert priced.totals.grand_total.amount == 2900

    def test_of_the_order_falls_on_what_lines_cost_after_their_own(self) -> None:
        priced = goods([(1, 1000, 1000), (1, 1000, 500)], discount=300)
        assert amounts(priced.lines, "discount") == [1000, 800]
        assert amounts(priced.lines, "total") == [0, 200]

    def test_comes_before_tax(self) -> None:
        exclusive = goods([(2, 1000, 400)], inclusive=False)
        inclusive = goods([(2, 1000, 800)], inclusive=True)
        assert (exclusive.totals.tax.amount, exclusive.totals.grand_total.amount) == (320, 1920)
        assert (inclusive.totals.tax.amount, inclusive.totals.grand_total.amount) == (200, 1200)

    def test_takes_no_more_than_there_is(self) -> None:
        for rows, discount in (([(1, 1000, 1001)], None), ([(1, 1000, 0)], 1001), ([(1, 1000, -1)], None)):
            with pytest.raises(Invalid) as refused:
                goods(rows, discount=discount)
            assert refused.value.code == "discount_too_large"
        assert goods([(1, 1000, 0)], discount=1000).totals.grand_total.amount == 0

    def test_is_in_the_companys_currency(self) -> None:
        with pytest.raises(Invalid) as refused:
            price(
                "ord_1",
                [Wanted("prd_1", None, 1)],
                {"prd_1": mug("EUR")},
                Tariff("EUR", True, 0),
                discount=Money.of(1, "JPY"),
            )
        assert refused.value.code == "currency_mismatch"


class TestTax:
    @pytest.mark.parametrize(("own", "tax"), [(None, 200), (0, 0), (700, 70)])
    def test_is_the_products_rate_or_else_the_companys(self, own: int | None, tax: int) -> None:
        priced = goods([(1, 1000, 0)], inclusive=False, own_rate=own)
        assert priced.totals.tax.amount == tax
        assert priced.lines[0].tax_basis_points == (2000 if own is None else own)

    @pytest.mark.parametrize(("currency", "unit", "tax"), [("JPY", 105, 10), ("KWD", 1005, 96)])
    def test_is_whole_in_currencies_without_or_with_three_digits(self, currency: str, unit: int, tax: int) -> None:
        priced = goods([(1, unit, 0)], currency, rate=1060, inclusive=True)
        assert priced.totals.tax.amount == tax
        assert priced.totals.grand_total == Money.of(unit, currency)


ROWS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 10**7), st.integers(0, 100)), min_size=1, max_size=25)


class TestAnyOrder:
    @given(ROWS, st.integers(0, 100), st.integers(0, 3000), st.booleans(), CURRENCIES)
    def test_sums_to_the_last_unit(
        self, rows: list[tuple[int, int, int]], off: int, rate: int, inclusive: bool, currency: str
    ) -> None:
        lines = [(pieces, unit, pieces * unit * share // 100) for pieces, unit, share in rows]
        net = sum(pieces * unit - less for pieces, unit, less in lines)
        discount = net * off // 100
        priced = goods(lines, currency, discount=discount, rate=rate, inclusive=inclusive)
        totals = priced.totals
        assert totals.subtotal.amount == sum(pieces * unit for pieces, unit, _ in lines)
        assert totals.discount.amount == sum(less for *_, less in lines) + discount
        assert totals.tax.amount == sum(amounts(priced.lines, "tax"))
        added = 0 if inclusive else totals.tax.amount
        assert totals.grand_total.amount == totals.subtotal.amount - totals.discount.amount + added
        for line in priced.lines:
            assert line.total.amount == line.quantity * line.unit_price.amount - line.discount.amount >= 0
            assert line.tax.amount == basis_points_of(line.total.amount, rate, inclusive=inclusive) >= 0
            parts = (line.unit_price, line.discount, line.tax, line.total)
            assert all(type(part.amount) is int and part.currency == currency for part in parts)

    @given(ROWS, st.integers(0, 10**6))
    def test_gives_each_line_its_share_and_no_more_than_a_unit_beside_it(
        self, rows: list[tuple[int, int, int]], off: int
    ) -> None:
        lines = [(pieces, unit, 0) for pieces, unit, _ in rows]
        net = sum(pieces * unit for pieces, unit, _ in lines)
        discount = min(off, net)
        priced = goods(lines, discount=discount)
        assert sum(amounts(priced.lines, "discount")) == discount
        for line, (pieces, unit, _) in zip(priced.lines, lines, strict=True):
            exact = discount * pieces * unit  # of ``net`` shares
            assert net == 0 or abs(line.discount.amount * net - exact) < net
