"""Rules of payments, of the order's account and of the ledger."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.card_numbers import holds_card_number
from common.errors import Conflict, InvalidTransition
from common.money import Money
from services.payment.domain import OrderAccount, Outcome, Payment
from services.payment.domain.ledger import captured, refund_returned, refunded

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def gbp(amount: int) -> Money:
    return Money.of(amount, "GBP")


def account(method: str | None = "card", *, reserved: bool = True, has_token: bool = True) -> OrderAccount:
    opened = OrderAccount.open("ord_1", "cmp_1", NOW)
    opened.learn(
        total=gbp(1000),
        method=method,
        has_token=has_token,
        shop_id=None,
        customer_id="cus_1",
        deadline_at=NOW + timedelta(minutes=15),
    )
    opened.reserved = reserved
    return opened


def payment(of: OrderAccount | None = None) -> Payment:
    return Payment.open(of or account(), "pay_1", "card", gbp(1000), NOW)


def paid(amount: int = 1000) -> Payment:
    made = payment()
    made.begin(NOW)
    made.succeed(amount, NOW, "pi_1")
    return made


def types(of: Payment) -> list[str]:
    return [event.TYPE for event in of.recorded]


class TestNextStep:
    @pytest.mark.parametrize(
        ("method", "has_token", "step"),
        [
            ("card", True, "open"),
            ("card", False, None),
            ("paypal", True, "open"),
            ("cash", False, "open"),
            ("cash_on_delivery", False, "open"),
            ("on_account", False, "open"),
            (None, False, None),
        ],
    )
    def test_opens_the_record_of_what_the_order_carries(
        self, method: str | None, has_token: bool, step: str | None
    ) -> None:
        assert account(method, has_token=has_token).next_step() == step

    @pytest.mark.parametrize(
        ("reserved", "ended", "step"),
        [
            (True, False, "collect"),
            (False, False, None),
            (True, True, None),
        ],
    )
    def test_collects_once_the_goods_are_held(self, reserved: bool, ended: bool, step: str | None) -> None:
        of = account(reserved=reserved)
        of.started, of.active, of.ended = True, "pay_1", ended
        assert of.next_step() == step

    def test_waits_for_the_order_itself(self) -> None:
        unknown = OrderAccount.open("ord_1", "cmp_1", NOW)
        unknown.reserved = True
        assert unknown.next_step() is None


class TestCapture:
    @pytest.mark.parametrize(("before", "amount", "back"), [(0, 1000, 0), (1000, 1000, 1000), (400, 700, 100)])
    def test_sends_back_what_exceeds_the_total(self, before: int, amount: int, back: int) -> None:
        of = account()
        of.capture(before)
        assert of.capture(amount) == back

    def test_sends_back_all_of_an_ended_order(self) -> None:
        of = account()
        of.ended = True
        assert of.capture(1000) == 1000


class TestBeginTry:
    def test_allows_one_at_a_time(self) -> None:
        of = account()
        of.begin_try("pay_1", by_process=True)
        with pytest.raises(Conflict, match="under way"):
            of.begin_try("pay_2", by_process=True)
        of.end_try("pay_1")
        of.begin_try("pay_2", by_process=True)

    def test_allows_five(self) -> None:
        of = account()
        for number in range(5):
            of.begin_try(f"pay_{number}", by_process=True)
            of.end_try(f"pay_{number}")
        with pytest.raises(Conflict) as refused:
            of.begin_try("pay_6", by_process=True)
        assert refused.value.code == "payment_tries_exhausted"


class TestMove:
    def test_refuses_what_is_not_on_the_map(self) -> None:
        made = paid()
        for move in (made.expire, made.void, lambda: made.begin(NOW), lambda: made.fail("x", None)):
            with pytest.raises(InvalidTransition):
                move()
        assert made.status == "succeeded"

    @pytest.mark.parametrize("end", ["fail", "expire", "void"])
    def test_late_money_still_counts(self, end: str) -> None:
        made = payment()
        made.begin(NOW)
        made.fail("declined", None) if end == "fail" else getattr(made, end)()
        made.succeed(1000, NOW)
        assert (made.status, made.captured, made.failure) == ("succeeded", gbp(1000), None)

    def test_forgets_the_instrument_when_it_ends(self) -> None:
        made = payment()
        made.instrument = "sealed"
        made.begin(NOW)
        made.succeed(1000, NOW)
        assert made.instrument is None and made.due_at is None

    def test_asks_the_buyer_once(self) -> None:
        made = payment()
        made.begin(NOW)
        for _ in range(2):
            made.ask_action(Outcome(kind="requires_action", reference="pi_1", action_url="https://bank"), NOW)
        assert types(made) == ["payment.initiated", "payment.requires_action"]

    def test_waits_a_little_longer_each_time(self) -> None:
        made, waits = payment(), []
        for _ in range(9):
            made.leave_alone(NOW)
            made.wait(NOW)
            assert made.due_at is not None
            waits.append((made.due_at - NOW).seconds)
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


class TestRefund:
    def test_sets_the_amount_aside_before_it_is_sent(self) -> None:
        made = paid()
        made.begin_refund("rfd_1", gbp(600), "x", NOW)
        with pytest.raises(Conflict) as refused:
            made.begin_refund("rfd_2", gbp(401), "x", NOW)
        assert refused.value.code == "refund_exceeds_captured"

    def test_gives_it_back_when_it_fails(self) -> None:
        made = paid()
        made.begin_refund("rfd_1", gbp(600), "x", NOW)
        assert made.fail_refund("rfd_1", "bank", None, NOW) == "pending"
        assert (made.refundable, made.status) == (gbp(1000), "succeeded")

    def test_settles_once(self) -> None:
        made = paid()
        made.begin_refund("rfd_1", gbp(600), "x", NOW)
        assert made.settle_refund("rfd_1", "re_1", NOW)
        assert not made.settle_refund("rfd_1", "re_1", NOW)
        assert (made.refunded, made.status) == (gbp(600), "partially_refunded")

    def test_that_the_bank_returns_reopens_the_payment(self) -> None:
        made = paid()
        made.begin_refund("rfd_1", None, "x", NOW)
        made.settle_refund("rfd_1", "re_1", NOW)
        assert made.fail_refund("rfd_1", "bank", "re_1", NOW) == "succeeded"
        assert not made.settle_refund("rfd_1", "re_1", NOW)
        assert (made.refunded, made.status) == (gbp(0), "succeeded")

    def test_that_nobody_answers_for_is_asked_about_soon_and_then_less_often(self) -> None:
        made, waits = paid(), []
        made.begin_refund("rfd_1", gbp(600), "x", NOW)
        for _ in range(6):
            made.postpone_refund("rfd_1", None, NOW)
            assert made.due_at is not None
            waits.append((made.due_at - NOW).seconds)
        assert waits == [2, 4, 8, 16, 30, 30]

    def test_needs_money_to_have_come_in(self) -> None:
        with pytest.raises(InvalidTransition):
            payment().begin_refund("rfd_1", None, "x", NOW)


@given(st.lists(st.tuples(st.integers(1, 1500), st.booleans()), max_size=20))
def test_refunds_never_exceed_what_was_captured_and_the_ledger_balances(asked: list[tuple[int, bool]]) -> None:
    made = paid()
    postings = [captured(made, 1000, NOW)]
    for number, (amount, works) in enumerate(asked):
        try:
            refund = made.begin_refund(f"rfd_{number}", gbp(amount), "x", NOW)
        except Conflict:
            continue
        made.settle_refund(refund.id, None, NOW)
        postings.append(refunded(made, refund, NOW))
        if not works:
            made.fail_refund(refund.id, "bank", None, NOW)
            postings.append(refund_returned(made, refund, NOW))
    lines = [line for posting in postings for line in posting.to_document()["lines"]]
    assert sum(line["amount"] for line in lines) == 0
    left = sum(line["amount"] for line in lines if line["account"] == "asset:stripe")
    assert left == made.captured.amount - made.refunded.amount == made.refundable.amount >= 0


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("4242424242424242", True),
        ("4242 4242 4242 4242", True),
        ("my card is 4000-0566-5566-5556, thanks", True),
        ("378282246310005", True),
        ("pm_card_visa", False),
        ("pm_1NqX0aLkdIwHu7ixT4B3Cd2e", False),
        ("4242424242424241", False),
        ("order 12345", False),
        ("0000000000000000", False),
    ],
)
def test_card_numbers_are_recognised(text: str, held: bool) -> None:
    assert holds_card_number(text) is held
