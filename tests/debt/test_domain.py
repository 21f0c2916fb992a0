"""Rules of debts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Conflict, Invalid, InvalidTransition
from common.money import Money
from services.debt.domain import Debt, Instalment, age_of, allocate

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def gbp(amount: int) -> Money:
    return Money.of(amount, "GBP")


def owe(*parts: tuple[int, int], principal: int | None = None) -> Debt:
    """A debt of instalments ``(days from now, amount)``."""
    return Debt.owe(
        debt_id="dbt_1",
        company_id="cmp_1",
        debtor_type="customer",
        debtor_id="cus_1",
        principal=gbp(sum(amount for _, amount in parts) if principal is None else principal),
        schedule=[(NOW + timedelta(days=days), gbp(amount)) for days, amount in parts],
        now=NOW,
    )


def types(debt: Debt) -> list[str]:
    return [event.TYPE for event in debt.recorded]


class TestOwe:
    def test_orders_the_instalments(self) -> None:
        debt = owe((60, 100), (30, 200))
        assert [part.amount.amount for part in debt.schedule] == [200, 100]
        assert debt.due_at == NOW + timedelta(days=60)
        assert (debt.status, debt.outstanding, types(debt)) == ("open", gbp(300), ["debt.created"])

    @pytest.mark.parametrize(
        ("parts", "principal", "code"),
        [
            (((30, 100),), 99, "schedule_mismatch"),
            (((30, 0),), 0, "invalid_body"),
            (((30, 200), (60, -100)), 100, "invalid_body"),
        ],
    )
    def test_refuses_what_does_not_add_up(self, parts: list[tuple[int, int]], principal: int, code: str) -> None:
        with pytest.raises(Invalid) as refused:
            owe(*parts, principal=principal)
        assert refused.value.code == code


class TestPay:
    def test_fills_the_oldest_instalment_first(self) -> None:
        debt = owe((30, 100), (60, 100))
        debt.pay("dpy_1", gbp(130), "cash", None, NOW)
        assert [part.paid.amount for part in debt.schedule] == [100, 30]
        assert (debt.status, debt.outstanding) == ("partially_paid", gbp(70))

    def test_settles_with_the_last_of_it(self) -> None:
        debt = owe((30, 100))
        debt.pay("dpy_1", gbp(100), "cash", None, NOW)
        assert debt.status == "paid"
        assert types(debt) == ["debt.created", "debt.payment_recorded", "debt.settled"]

    def test_takes_a_payment_once(self) -> None:
        debt = owe((30, 100))
        debt.pay("dpy_1", gbp(60), "cash", None, NOW)
        debt.pay("dpy_1", gbp(60), "cash", None, NOW)
        assert debt.paid == gbp(60)

    def test_refuses_more_than_is_owed_and_changes_nothing(self) -> None:
        debt = owe((30, 100))
        with pytest.raises(Conflict, match="More than is owed"):
            debt.pay("dpy_1", gbp(101), "cash", None, NOW)
        assert (debt.paid, debt.payments) == (gbp(0), [])

    def test_refuses_another_currency(self) -> None:
        with pytest.raises(Invalid):
            owe((30, 100)).pay("dpy_1", Money.of(10, "EUR"), "cash", None, NOW)

    def test_refuses_what_was_written_off(self) -> None:
        debt = owe((30, 100))
        debt.write_off("order_cancelled")
        with pytest.raises(InvalidTransition):
            debt.pay("dpy_1", gbp(10), "cash", None, NOW)


class TestFallOverdue:
    def test_announces_each_instalment_once(self) -> None:
        debt = owe((30, 100), (60, 100))
        assert not debt.fall_overdue(NOW)
        assert debt.fall_overdue(NOW + timedelta(days=31))
        assert not debt.fall_overdue(NOW + timedelta(days=32))
        assert debt.fall_overdue(NOW + timedelta(days=61))
        assert (debt.status, types(debt)) == ("overdue", ["debt.created", "debt.overdue", "debt.overdue"])

    def test_paying_what_was_due_ends_it(self) -> None:
        debt = owe((30, 100), (60, 100))
        later = NOW + timedelta(days=31)
        debt.fall_overdue(later)
        debt.pay("dpy_1", gbp(100), "cash", None, later)
        assert (debt.status, debt.overdue_at) == ("partially_paid", NOW + timedelta(days=60))

    def test_is_announced_even_when_paid_before_the_sweeper_came(self) -> None:
        debt = owe((30, 100))
        debt.pay("dpy_1", gbp(10), "cash", None, NOW + timedelta(days=31))
        assert "debt.overdue" in types(debt)


class TestWriteOff:
    def test_leaves_nothing_owed_and_keeps_what_was_paid(self) -> None:
        debt = owe((30, 100))
        debt.pay("dpy_1", gbp(40), "cash", None, NOW)
        assert debt.write_off("order_cancelled")
        assert not debt.write_off("order_cancelled")
        assert (debt.status, debt.outstanding, debt.paid) == ("written_off", gbp(0), gbp(40))


@given(
    parts=st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 10**6)), min_size=1, max_size=12),
    share=st.integers(0, 100),
)
def test_allocation_keeps_the_sum_and_the_order(parts: list[tuple[int, int]], share: int) -> None:
    schedule = [
        Instalment(due_at=NOW + timedelta(days=days), amount=gbp(amount), paid=gbp(0)) for days, amount in sorted(parts)
    ]
    paid = sum(amount for _, amount in parts) * share // 100
    spread = allocate(schedule, gbp(paid))
    assert sum(part.paid.amount for part in spread) == paid
    assert all(0 <= part.paid.amount <= part.amount.amount for part in spread)
    begun = [part for part in spread if not part.is_paid]
    assert all(part.paid.amount == 0 for part in begun[1:])


class TestAge:
    @pytest.mark.parametrize(
        ("days", "expected"),
        [(-1, "current"), (0, "days1To30"), (30, "days1To30"), (31, "days31To60"), (60, "days31To60"),
         (61, "days61To90"), (90, "days61To90"), (91, "over90")],
    )  # fmt: skip
    def test_counts_whole_days_since_it_was_due(self, days: int, expected: str) -> None:
        assert age_of(NOW - timedelta(days=days), NOW) == expected
