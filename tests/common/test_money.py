"""Properties of money."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from common.money import CurrencyMismatch, Money, allocate, basis_points_of, exponent

AMOUNTS = st.integers(min_value=-(10**12), max_value=10**12)
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "ISK", "UGX", "GBP"])
WEIGHTS = st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=50).filter(lambda w: sum(w) > 0)


class TestAllocate:
    @given(AMOUNTS, WEIGHTS)
    def test_parts_sum_to_the_whole(self, amount: int, weights: list[int]) -> None:
        parts = allocate(amount, weights)
        assert sum(parts) == amount
        assert all(type(part) is int for part in parts)

    @given(AMOUNTS, WEIGHTS)
    def test_no_part_is_off_by_a_whole_unit(self, amount: int, weights: list[int]) -> None:
        for part, weight in zip(allocate(amount, weights), weights, strict=True):
            assert abs(part * sum(weights) - amount * weight) < sum(weights)

    @pytest.mark.parametrize("weights", [[], [0], [-1, 2]])
    def test_refuses_senseless_weights(self, weights: list[int]) -> None:
        with pytest.raises(ValueError, match="weights"):
            allocate(100, weights)


class TestArithmetic:
    @given(AMOUNTS, AMOUNTS, CURRENCIES)
    def test_adds_and_takes_away(self, one: int, other: int, currency: str) -> None:
        a, b = Money(amount=one, currency=currency), Money(amount=other, currency=currency)
        assert a + b - b == a
        assert (a < b) == (one < other)

    def test_refuses_two_currencies(self) -> None:
        with pytest.raises(CurrencyMismatch):
            _ = Money(amount=1, currency="EUR") + Money(amount=1, currency="USD")

    @pytest.mark.parametrize("amount", [19.99, "1999", True, None, 10**16])
    def test_refuses_what_is_no_whole_amount(self, amount: object) -> None:
        with pytest.raises(ValidationError):
            Money.model_validate({"amount": amount, "currency": "EUR"})

    @pytest.mark.parametrize("currency", ["EURO", "eur", "XXQ", ""])
    def test_refuses_unknown_currencies(self, currency: str) -> None:
        with pytest.raises(ValidationError):
            Money.model_validate({"amount": 1, "currency": currency})

    def test_knows_the_exponents(self) -> None:
        assert [exponent(code) for code in ("EUR", "JPY", "KWD", "ISK", "UGX")] == [2, 0, 3, 0, 0]


class TestTax:
    @given(st.integers(min_value=0, max_value=10**10), st.integers(min_value=0, max_value=5000))
    def test_inclusive_tax_is_what_exclusive_adds(self, net: int, rate: int) -> None:
        gross = net + basis_points_of(net, rate, inclusive=False)
        assert abs(gross - basis_points_of(gross, rate, inclusive=True) - net) <= 1

    def test_rounds_half_up(self) -> None:
        assert basis_points_of(25, 1000, inclusive=False) == 3
        assert basis_points_of(119, 1900, inclusive=True) == 19
