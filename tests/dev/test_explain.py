"""What `explain` makes of records, events and queues, without any server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dev.documents import handler_tables
from dev.explain.broker import AtTheBroker, Waiting
from dev.explain.case import Case
from dev.explain.events import Seen
from dev.explain.handling import TRACES, note_handling
from dev.explain.provider import provider_views
from dev.explain.records import Records
from dev.explain.report import report
from dev.explain.verdict import EXIT_CODES, Verdict, judge, lost_events, unread_by
from dev.explain.words import ago, amount, span
from dev.home import Home

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WATCHERS = ("audit", "analytics", "realtime")


def eur(minor: int) -> dict[str, Any]:
    return {"amount": minor, "currency": "EUR"}


def order(**more: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "_id": "ord_1",
        "companyId": "cmp_1",
        "number": "SO-1",
        "status": "pending",
        "paymentStatus": "unpaid",
        "fulfilmentStatus": "reserved",
        "cancelReason": None,
        "items": [],
        "email": "a@b.example",
        "customerId": None,
        "paid": eur(0),
        "refunded": eur(0),
        "totals": {"grandTotal": eur(1000)},
        "dueAt": NOW + timedelta(minutes=3),
        "createdAt": NOW,
        "updatedAt": NOW - timedelta(seconds=12),
    }
    return {**kept, **more}


def records(**more: Any) -> Records:
    empty: dict[str, Any] = {
        "order": order(),
        "returns": [],
        "reservation": None,
        "stock": [],
        "movements": [],
        "account": None,
        "payments": [],
        "ledger": [],
        "debts": [],
        "messages": [],
        "cart": None,
    }
    return Records(**{**empty, **more})


def seen(kind: str = "inventory.reserved", age_seconds: int = 30, *, sent: bool = True, **consumers: Any) -> Seen:
    at = NOW - timedelta(seconds=age_seconds)
    document = {
        "id": f"evt_{kind}",
        "type": kind,
        "subject": "ord_1",
        "time": at.isoformat(),
        "sequence": 1,
        "data": {"orderId": "ord_1"},
        "actor": "system",
        "correlationid": "req_1",
    }
    return Seen(document, "inventory", at if sent else None, None if sent else ("reservations", "rsv_1"), consumers)


def letter(service: str, kind: str = "inventory.reserved") -> dict[str, Any]:
    told = {"service": service, "id": f"evt_{kind}", "type": kind, "time": "-", "subject": "ord_1"}
    return {**told, "attempts": 5, "reason": "ValueError('no')"}


def case(*events: Seen, stopped: list[str] | None = None, **more: Any) -> Case:
    broker = AtTheBroker(more.pop("dead", []), more.pop("retrying", []), more.pop("queues", {}))
    return Case(NOW, "acme", records(**more), list(events), [], broker, [], stopped or [])


class TestVerdict:
    def test_an_order_that_goes_its_way_waits(self) -> None:
        verdict = judge(case(seen(payment="handled")))
        assert verdict == Verdict("waiting", "waits for the payment since 12 s, deadline in 3 min", [], [])
        assert EXIT_CODES[verdict.kind] == 0

    def test_goods_come_before_money(self) -> None:
        told = judge(case(order=order(fulfilmentStatus="unfulfilled")))
        assert told.sentence.startswith("waits for its goods to be held")

    def test_a_held_order_waits_for_people(self) -> None:
        assert judge(case(order=order(status="on_hold"))).sentence.startswith("held by staff since 12 s")

    def test_what_has_just_been_sent_is_on_its_way(self) -> None:
        verdict = judge(case(seen(age_seconds=3, payment="open")))
        assert (verdict.kind, verdict.notes) == ("waiting", ["inventory.reserved of 11:59:57 is on its way to payment"])

    def test_what_nobody_has_is_lost(self) -> None:
        lost = case(seen(payment="open"))
        verdict = judge(lost)
        assert (
            verdict.sentence == "stuck: inventory.reserved of 11:59:30 was never handled by payment; `--resume` helps"
        )
        assert EXIT_CODES[verdict.kind] == 2
        assert [(service, each.type) for service, each in lost_events(lost)] == [("payment", "inventory.reserved")]

    def test_what_may_lie_in_the_queue_is_not_lost_at_once(self) -> None:
        queues = {"payment": Waiting(messages=7, in_hand=0, consumers=1)}
        waits, late = (case(seen(age_seconds=age, payment="open"), queues=queues) for age in (30, 90))
        assert (judge(waits).kind, lost_events(waits)) == ("waiting", [])
        assert (judge(late).kind, len(lost_events(late))) == ("stuck", 1)

    def test_a_stopped_service_is_named_and_nothing_is_sent_to_it(self) -> None:
        stopped = case(seen(payment="open"), stopped=["payment"])
        assert judge(stopped).problems[0].remedy == "./markethall start payment"
        assert lost_events(stopped) == []

    def test_dead_and_retried_ones_are_told_with_their_reason(self) -> None:
        dead = case(seen(payment="open"), dead=[letter("payment")])
        assert "is dead at payment after 5 tries: ValueError('no')" in judge(dead).sentence
        again = case(seen(payment="open"), retrying=[letter("payment")])
        assert (judge(again).kind, len(judge(again).notes)) == ("waiting", 1)
        assert lost_events(dead) == lost_events(again) == []

    def test_a_dead_letter_that_no_producer_keeps_counts_too(self) -> None:
        assert "sale.returned of - is dead at debt" in judge(case(dead=[letter("debt", "sale.returned")])).sentence

    def test_an_unsent_event_is_stuck_after_a_moment(self) -> None:
        assert judge(case(seen(age_seconds=2, sent=False))).notes == ["inventory.reserved is about to be sent"]
        assert "waits in the outbox of inventory since 30 s" in judge(case(seen(sent=False))).sentence

    def test_a_deadline_that_nobody_kept_is_stuck(self) -> None:
        late = judge(case(order=order(dueAt=NOW - timedelta(minutes=2))))
        assert late.sentence.startswith("stuck: its deadline was 2 min ago, and sales has not ended it")

    def test_timers_that_stand_still_need_their_service(self) -> None:
        past = NOW - timedelta(minutes=2)
        held = {"state": "reserving", "wakeAt": past}
        paying = {"_id": "pay_1", "status": "processing", "provider": "stripe", "dueAt": past, "refunds": []}
        found = judge(case(reservation=held, payments=[paying], stopped=["payment"])).problems
        assert [problem.remedy for problem in found] == ["./markethall restart inventory", "./markethall start payment"]

    def test_money_on_its_way_back_is_noted(self) -> None:
        refund = {"amount": eur(500), "status": "pending", "reason": "order_cancelled"}
        paid = {"_id": "pay_1", "status": "succeeded", "dueAt": None, "refunds": [refund]}
        told = judge(case(order=order(dueAt=None, status="cancelled", cancelReason="staff"), payments=[paid]))
        assert (told.kind, told.notes) == ("ended", ["5.00 EUR are on their way back: order_cancelled"])

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"status": "confirmed", "paymentStatus": "paid"}, "ended: confirmed and paid"),
            ({"status": "cancelled", "cancelReason": "expired"}, "ended: cancelled (expired), unpaid"),
            (
                {"status": "cancelled", "cancelReason": "staff", "paymentStatus": "refunded", "refunded": eur(999)},
                "ended: cancelled (staff), refunded, 9.99 EUR given back",
            ),
        ],
    )
    def test_an_end_is_told_in_words(self, fields: dict[str, Any], words: str) -> None:
        assert judge(case(order=order(dueAt=None, **fields))).sentence == words

    def test_what_left_no_trace_is_sent_again_but_not_complained_about(self) -> None:
        untold = case(seen("order.confirmed", notification="no trace"), order=order(dueAt=None, status="confirmed"))
        assert judge(untold).kind == "ended"
        assert [service for service, _ in unread_by(untold, "notification")] == ["notification"]


class TestTraces:
    def test_stand_for_every_event_of_an_order_that_somebody_acts_on(self) -> None:
        acted_on = {
            (service, model.TYPE)
            for service, models in handler_tables().items()
            if service not in WATCHERS
            for model in models
            if "order_id" in model.model_fields
        }
        assert acted_on - set(TRACES) == set()

    def test_tell_what_each_service_made_of_it(self) -> None:
        kept = records(
            order=order(handled=["evt_inventory.reserved"]),
            account={"known": True, "reserved": False},
            reservation=None,
        )
        event = seen()
        note_handling([event], kept, {"sales": {event.type}, "payment": {event.type}, "audit": {event.type}}, set())
        assert event.consumers == {"sales": "handled", "payment": "open", "audit": "open"}

    def test_old_ids_that_made_room_prove_nothing(self) -> None:
        event = seen()
        note_handling([event], records(order=order(handled=["x"] * 64)), {"sales": {event.type}}, set())
        assert event.consumers == {"sales": "no trace"}


class TestProviders:
    def test_that_cannot_be_asked_are_named_plainly(self, tmp_path: Path) -> None:
        home = Home(tmp_path, 65000)
        payment = {"_id": "pay_1", "provider": "stripe", "accountId": "platform", "reference": None}
        views = provider_views(
            home,
            [payment, {**payment, "accountId": "acc_1", "reference": "pi_1"}, {**payment, "provider": "cash"}],
            {},
        )
        assert [view["asked"] for view in views] == [None, None, None]
        assert "the sandbox does not answer" in views[0]["remark"]
        assert "keys payment keeps sealed: pi_1" in views[1]["remark"]
        assert views[2]["remark"] == "no provider moves this money"


class TestReport:
    def test_names_nobody_and_is_json(self) -> None:
        told = report(case(seen(payment="open")), judge(case(seen(payment="open"))))
        assert "a@b.example" not in str(told)
        assert told["verdict"]["exitCode"] == 2
        assert told["events"][0]["consumers"] == {"payment": "open"}
        assert told["requestIds"] == ["req_1"]


class TestWords:
    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(0, "0 s"), (12, "12 s"), (185, "3 min 5 s"), (180, "3 min"), (7800, "2 h 10 min"), (90061, "1 d 1 h")],
    )
    def test_a_span_has_two_units_at_most(self, seconds: int, words: str) -> None:
        assert span(timedelta(seconds=seconds)) == words

    def test_amounts_have_their_currency_s_digits(self) -> None:
        assert amount(eur(1999)) == "19.99 EUR"
        assert amount({"amount": 500, "currency": "JPY"}) == "500 JPY"
        assert ago(NOW - timedelta(seconds=5), NOW) == "5 s ago"
