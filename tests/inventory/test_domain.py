"""Rules without I/O: allocation, status, the ledger, warehouses, periods."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Invalid
from common.events.parts import StockLine
from common.events.stock import BackInStock, LowStock, OutOfStock
from services.inventory.domain.allocation import Demand, allocate, missing, summed
from services.inventory.domain.derived import default_warehouse_id, reservation_id, stock_id
from services.inventory.domain.ledger import with_balances
from services.inventory.domain.period import bounds
from services.inventory.domain.reservation import Reservation
from services.inventory.domain.stock import Status, crossings, status_of, steady_status
from services.inventory.domain.warehouse import Warehouse, in_order
from tests.inventory.conftest import line

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class TestSummed:
    def test_adds_quantities_of_one_sku(self) -> None:
        assert summed([line("A", 1), line("B", 2), line("A", 3)]) == [
            Demand(sku="A", quantity=4),
            Demand(sku="B", quantity=2),
        ]

    def test_tells_codes_that_differ_by_case_apart(self) -> None:
        assert len(summed([line("a", 1), line("A", 1)])) == 2


class TestAllocate:
    def test_asks_warehouses_in_order(self) -> None:
        lines, short = allocate([Demand(sku="A", quantity=2)], ["w1", "w2"], {("w1", "A"): 2, ("w2", "A"): 9})
        assert (lines, short) == ([StockLine(sku="A", warehouse_id="w1", quantity=2)], [])

    def test_falls_back_to_the_next_with_enough(self) -> None:
        lines, _ = allocate([Demand(sku="A", quantity=2)], ["w1", "w2"], {("w1", "A"): 1, ("w2", "A"): 2})
        assert lines[0].warehouse_id == "w2"

    def test_names_what_all_have_together(self) -> None:
        _, (short,) = allocate([Demand(sku="A", quantity=9)], ["w1", "w2"], {("w1", "A"): -3, ("w2", "A"): 4})
        assert (short.requested, short.available) == (9, 4)

    def test_asks_the_fullest_first_when_it_must_split(self) -> None:
        available = {("w1", "A"): 2, ("w2", "A"): 3, ("w3", "A"): 4}
        lines, _ = allocate([Demand(sku="A", quantity=6)], ["w1", "w2", "w3"], available)
        assert [(one.warehouse_id, one.quantity) for one in lines] == [("w3", 4), ("w2", 2)]

    @given(st.integers(1, 30), st.lists(st.integers(-3, 12), max_size=6))
    def test_splits_as_little_as_any_choice_of_warehouses_could(self, quantity: int, stocks: list[int]) -> None:
        available = {(f"w{index}", "A"): has for index, has in enumerate(stocks)}
        places = [place for place, _ in available]
        lines, short = allocate([Demand(sku="A", quantity=quantity)], places, available)
        enough = [
            size
            for size in range(len(stocks) + 1)
            for chosen in combinations(stocks, size)
            if sum(max(has, 0) for has in chosen) >= quantity
        ]
        assert len(lines) == min(enough, default=0)
        assert bool(short) == (not enough)

    def test_wants_a_sku_as_a_whole_while_a_part_is_missing(self) -> None:
        demand = [Demand(sku="A", quantity=3), Demand(sku="B", quantity=1)]
        held = [
            StockLine(sku="A", warehouse_id="w1", quantity=1),
            StockLine(sku="A", warehouse_id="w2", quantity=1),
            StockLine(sku="B", warehouse_id="w2", quantity=1),
        ]
        assert missing(demand, held) == demand[:1]

    @given(
        st.dictionaries(st.sampled_from("ABC"), st.integers(1, 9)),
        st.dictionaries(st.tuples(st.sampled_from(["w1", "w2"]), st.sampled_from("ABC")), st.integers(-3, 12)),
    )
    def test_gives_what_is_asked_or_nothing_and_never_more_than_there_is(
        self, wanted: dict[str, int], available: dict[tuple[str, str], int]
    ) -> None:
        demand = [Demand(sku=sku, quantity=quantity) for sku, quantity in wanted.items()]
        lines, shortages = allocate(demand, ["w1", "w2"], available)
        given = {sku: sum(one.quantity for one in lines if one.sku == sku) for sku in wanted}
        has = {sku: sum(max(available.get((place, sku), 0), 0) for place in ("w1", "w2")) for sku in wanted}
        assert given == {sku: quantity if has[sku] >= quantity else 0 for sku, quantity in wanted.items()}
        assert [one.sku for one in shortages] == [sku for sku in wanted if has[sku] < wanted[sku]]
        assert len({(one.warehouse_id, one.sku) for one in lines}) == len(lines)
        assert all(available[(one.warehouse_id, one.sku)] >= one.quantity for one in lines)
        assert missing(demand, lines) == [need for need in demand if need.sku in {s.sku for s in shortages}]


class TestStatus:
    @pytest.mark.parametrize(
        ("available", "status"),
        [(-1, "out_of_stock"), (0, "out_of_stock"), (1, "low_stock"), (5, "low_stock"), (6, "in_stock")],
    )
    def test_follows_the_threshold(self, available: int, status: str) -> None:
        assert status_of(available, 5) == status

    def test_tells_a_crossing_once(self) -> None:
        assert crossings("in_stock", "low_stock") == [LowStock]
        assert crossings("low_stock", "low_stock") == []
        assert crossings("out_of_stock", "low_stock") == [BackInStock, LowStock]
        assert crossings("low_stock", "out_of_stock") == [OutOfStock]
        assert crossings("out_of_stock", "in_stock") == [BackInStock]

    def test_keeps_quiet_about_a_new_row_until_it_is_missed(self) -> None:
        assert crossings(None, "out_of_stock") == []
        assert crossings(None, "out_of_stock", missed=True) == [OutOfStock]
        assert crossings(None, "in_stock") == [BackInStock]

    @pytest.mark.parametrize(
        ("announced", "available", "threshold", "steady"),
        [
            ("low_stock", 6, 5, "low_stock"),  # the threshold is left, its margin of 1 is not
            ("low_stock", 7, 5, "in_stock"),
            ("low_stock", 33, 30, "low_stock"),  # a margin of 3
            ("low_stock", 34, 30, "in_stock"),
            ("low_stock", 0, 5, "out_of_stock"),
            ("in_stock", 6, 5, "in_stock"),
            ("in_stock", 5, 5, "low_stock"),
            ("out_of_stock", 6, 5, "in_stock"),
            ("out_of_stock", 1, 5, "low_stock"),
            (None, 6, 5, "in_stock"),
            ("low_stock", 1, 0, "low_stock"),
        ],
    )
    def test_leaves_low_only_above_the_margin(
        self, announced: Status | None, available: int, threshold: int, steady: str
    ) -> None:
        assert steady_status(announced, available, threshold) == steady


class TestBalances:
    @given(st.lists(st.integers(-50, 50), max_size=30), st.integers(0, 30))
    def test_are_the_same_whenever_they_are_counted(self, deltas: list[int], relayed: int) -> None:
        """However many were relayed in between, each movement's balance is the sum up to it."""
        pending = [{"_id": str(number), "delta": delta} for number, delta in enumerate(deltas)]
        sums = [sum(deltas[: number + 1]) for number in range(len(deltas))]
        assert [one["onHandAfter"] for one in with_balances(sum(deltas), pending)] == sums
        assert [one["onHandAfter"] for one in with_balances(sum(deltas), pending[relayed:])] == sums[relayed:]


class TestInOrder:
    def test_puts_the_shops_own_first(self) -> None:
        def warehouse(name: str, shop_id: str | None, priority: int, is_default: bool = False) -> Warehouse:
            return Warehouse.open(
                warehouse_id=name,
                company_id="cmp_1",
                name=name,
                code=name,
                shop_id=shop_id,
                priority=priority,
                is_default=is_default,
                now=NOW,
            )

        all_of_them = [
            warehouse("central", None, 0),
            warehouse("second", "shp_1", 2),
            warehouse("default", "shp_1", 9, is_default=True),
            warehouse("other", "shp_2", 1, is_default=True),
        ]
        assert [one.id for one in in_order(all_of_them, "shp_1")] == ["default", "second", "central", "other"]
        assert [one.id for one in in_order(all_of_them, None)] == ["central", "other", "second", "default"]


class TestDerivedIds:
    def test_are_the_same_for_the_same_and_differ_otherwise(self) -> None:
        assert stock_id("c", "w", "A") == stock_id("c", "w", "A")
        assert (
            len({stock_id("c", "w", "A"), stock_id("c", "w", "a"), stock_id("c", "wA", ""), stock_id("d", "w", "A")})
            == 4
        )
        assert default_warehouse_id("shp_1").startswith("whs_")
        assert reservation_id("ord_abc") == "rsv_abc"


class TestReservation:
    def _begun(self) -> Reservation:
        return Reservation.begin(
            company_id="cmp_1",
            order_id="ord_1",
            shop_id=None,
            state="reserving",
            demand=[Demand(sku="A", quantity=1)],
            planned=[StockLine(sku="A", warehouse_id="w1", quantity=1)],
            deadline_at=NOW,
            now=NOW,
        )

    def test_expires_a_minute_after_the_order(self) -> None:
        reservation = self._begun()
        reservation.hold(reservation.planned)
        assert reservation.wake_at == reservation.expires_at == NOW + timedelta(seconds=60)

    def test_tells_nothing_of_a_hold_that_had_not_been_told(self) -> None:
        broken_off = self._begun()
        broken_off.release()
        assert (broken_off.state, broken_off.recorded) == ("released", ())

    def test_tells_what_is_free_again(self) -> None:
        reservation = self._begun()
        reservation.hold(reservation.planned)
        reservation.release()
        assert [fact.TYPE for fact in reservation.recorded] == ["inventory.reserved", "inventory.released"]


class TestPeriod:
    def test_takes_days_as_inclusive_in_the_time_zone(self) -> None:
        since, before = bounds("2026-03-01", "2026-03-01", "Europe/Berlin")
        assert since == datetime(2026, 2, 28, 23, tzinfo=UTC)
        assert before == datetime(2026, 3, 1, 23, tzinfo=UTC)

    def test_takes_instants(self) -> None:
        since, before = bounds("2026-03-01T00:00:00Z", None, "Europe/Berlin")
        assert (since, before) == (NOW, None)

    @pytest.mark.parametrize("text", ["soon", "2026-13-01", "2026-03-01T00:00:00", "9999-12-31"])
    def test_refuses_the_rest(self, text: str) -> None:
        with pytest.raises(Invalid):
            bounds(None, text, "Europe/Berlin")
