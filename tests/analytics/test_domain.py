"""What facts count as, without I/O."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from common.errors import Invalid
from common.money import CurrencyMismatch, Money
from services.analytics.domain import (
    DEFAULT_DAYS,
    LONGEST_DAYS,
    Figures,
    Range,
    Region,
    Tally,
    average,
    read_range,
    refunded,
    sold,
    taken_back,
)
from tests.analytics.conftest import NOON, line

LONDON = Region("cmp_1", "Europe/London", "GBP")
TOTAL = Money.of(300, "GBP")


class TestDay:
    @pytest.mark.parametrize(
        ("timezone", "at", "day"),
        [
            ("Europe/London", datetime(2011, 7, 4, 22, 59, tzinfo=UTC), "2011-07-04"),
            ("Europe/London", datetime(2011, 7, 4, 23, 0, tzinfo=UTC), "2011-07-05"),
            ("Pacific/Auckland", datetime(2011, 1, 4, 11, 0, tzinfo=UTC), "2011-01-05"),
            ("America/New_York", datetime(2011, 1, 4, 4, 59, tzinfo=UTC), "2011-01-03"),
        ],
    )
    def test_is_the_companys(self, timezone: str, at: datetime, day: str) -> None:
        assert Region("cmp_1", timezone, "GBP").day_of(at) == day


class TestTally:
    def test_sums_many_effects_into_few_figures(self) -> None:
        tally = Tally(LONDON)
        for number in range(200):
            lines = [line(f"{product}", 1) for product in range(number % 3, 27)]
            tally.add(sold(LONDON, NOON, None, TOTAL, lines))
        tally.add(refunded(LONDON, NOON, None, Money.of(50, "GBP"), "card"))
        assert tally.days == {("2011-01-04", None): Figures(60_000, 200, 5_201, 50)}
        assert len(tally.products) == 27

    def test_of_an_order_and_its_cancellation_on_one_day_is_nothing(self) -> None:
        tally = Tally(LONDON)
        lines = [line("A", 3), line("B", 2, 7), line("A", 1)]
        tally.add(sold(LONDON, NOON, "shp_1", TOTAL, lines))
        tally.add(taken_back(LONDON, NOON, "shp_1", TOTAL, lines))
        assert tally.days == {("2011-01-04", "shp_1"): Figures()}
        assert {(each.units, each.revenue) for each in tally.products.values()} == {(0, 0)}

    def test_keeps_shops_apart(self) -> None:
        tally = Tally(LONDON)
        for shop in ("shp_1", None, "shp_1"):
            tally.add(sold(LONDON, NOON, shop, TOTAL, [line()]))
        assert {shop: figures.orders for (_, shop), figures in tally.days.items()} == {"shp_1": 2, None: 1}

    def test_refuses_another_currency(self) -> None:
        with pytest.raises(CurrencyMismatch):
            sold(LONDON, NOON, None, Money.of(1, "EUR"), [])


class TestAverage:
    @pytest.mark.parametrize(
        ("revenue", "orders", "shown"), [(0, 0, 0), (100, 3, 33), (101, 2, 51), (200, 3, 67), (5, -1, 0), (-5, 2, -2)]
    )
    def test_is_rounded_half_up(self, revenue: int, orders: int, shown: int) -> None:
        assert average(revenue, orders) == shown

    @given(some.integers(0, 10**15), some.integers(1, 10**6))
    def test_is_never_more_than_half_a_unit_off(self, revenue: int, orders: int) -> None:
        assert abs(2 * average(revenue, orders) * orders - 2 * revenue) <= orders


class TestRange:
    NOW = datetime(2011, 3, 31, 23, 30, tzinfo=UTC)
    """Already 1 April in London."""

    def test_is_the_last_thirty_local_days_by_default(self) -> None:
        days = read_range(None, None, "Europe/London", self.NOW)
        assert days == Range(date(2011, 3, 3), date(2011, 4, 1))
        assert (days.last - days.first).days + 1 == DEFAULT_DAYS

    @pytest.mark.parametrize(
        ("start", "end", "first", "last"),
        [
            ("2011-01-01", "2011-01-31", date(2011, 1, 1), date(2011, 1, 31)),
            ("2011-01-04", "2011-01-04", date(2011, 1, 4), date(2011, 1, 4)),
            ("2011-06-30T23:00:00Z", "2011-07-31T23:00:00Z", date(2011, 7, 1), date(2011, 7, 31)),
            ("2011-01-04T10:00:00+01:00", "2011-01-05T00:00:00.001Z", date(2011, 1, 4), date(2011, 1, 5)),
            ("2011-01-04T00:00:00Z", "2011-01-04T00:00:00Z", date(2011, 1, 4), date(2011, 1, 4)),
        ],
    )
    def test_is_whole_local_days(self, start: str, end: str, first: date, last: date) -> None:
        assert read_range(start, end, "Europe/London", self.NOW) == Range(first, last)

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2011-02-01", "2011-01-01"),
            ("2011-02-01T00:00:00Z", "2011-01-01T00:00:00Z"),
            ("2009-01-01", "2012-01-06"),
            ("2011-02-30", None),
            ("yesterday", None),
            (None, "2011-01-01T00:00:00"),
            ("0001-01-01T00:00:00+14:00", "0001-01-02"),
        ],
    )
    def test_is_refused_when_it_makes_no_sense(self, start: str | None, end: str | None) -> None:
        with pytest.raises(Invalid):
            read_range(start, end, "Europe/London", self.NOW)

    def test_may_be_as_long_as_the_longest(self) -> None:
        days = read_range("2009-01-01", "2012-01-05", "Europe/London", self.NOW)
        assert (days.last - days.first).days + 1 == LONGEST_DAYS
