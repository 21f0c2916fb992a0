"""The checker, on a real company that has come to rest: whole it finds nothing, damaged it names what was done."""

import asyncio
import copy
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dev.home import Home
from dev.prove.checker import INVARIANTS, Records, check_company, judge_records, read_records
from dev.prove.checker.records import Unsent
from dev.prove.suite import ProvedSuite
from dev.prove.trade import CARD, CASH, DECLINED_CARD, Journal, Market, found
from dev.provision.environments import database_prefix

ORDERS = 12
REST_SECONDS = 90.0
PAYMENTS = (CARD, CARD, DECLINED_CARD, CASH, {"method": "on_account"})

Damage = Callable[[Records], None]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> tuple[Records, Path]:
    """What a company left behind that sold by every way of paying, and the journal of its clients."""
    if "MARKETHALL_TEST_HOME" not in os.environ:
        pytest.fail("MARKETHALL_TEST_HOME is not set: run the tests with ./markethall test, which starts the suite")
    journal = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    return asyncio.run(_traded(journal)), journal


def _suite() -> ProvedSuite:
    home = Path(os.environ["MARKETHALL_TEST_HOME"])
    return ProvedSuite(Home(home, int(os.environ["MARKETHALL_TEST_PORT_BASE"])))


async def _traded(path: Path) -> Records:
    suite = _suite()
    house = await found(suite, "checked", goods=3, stock=100, customers=2)
    journal = Journal(path)
    payments = iter(PAYMENTS * ORDERS)
    market = Market(house, journal)
    try:
        await market.trade(ORDERS, at_once=2, rng=random.Random(4), payment=lambda _: next(payments))
        async with asyncio.timeout(REST_SECONDS):
            while True:
                records = await read_records(suite.mongo, database_prefix(), path, house.company_id, suite.sandbox)
                if not any(judge_records(records).values()):
                    return records
                await asyncio.sleep(0.2)
    finally:
        await house.close()
        await suite.close()


def order_of(records: Records, method: str, status: str = "confirmed") -> dict[str, Any]:
    """One order that was to be paid this way and ended so."""
    return next(
        order for order in records.orders.values() if order["payment"]["method"] == method and order["status"] == status
    )


def payment_of(records: Records, order: dict[str, Any]) -> dict[str, Any]:
    """The first payment of an order."""
    return next(payment for payment in records.payments if payment["orderId"] == order["_id"])


def lose_an_order(records: Records) -> None:
    del records.orders[order_of(records, "card")["_id"]]


def leave_an_order_waiting(records: Records) -> None:
    order_of(records, "card")["status"] = "pending"


def charge_another_total(records: Records) -> None:
    order_of(records, "card")["totals"]["grandTotal"]["amount"] += 1


def make_an_order_twice(records: Records) -> None:
    again = copy.deepcopy(order_of(records, "card"))
    records.orders["ord_again"] = again | {"_id": "ord_again"}


def answer_a_key_with_two_orders(records: Records) -> None:
    answers = next(iter(records.answers.accepted.values()))
    answers.append(answers[0] | {"orderId": "ord_other"})


def sell_what_is_not_there(records: Records) -> None:
    records.stock[0]["onHand"] = -1


def keep_a_hold(records: Records) -> None:
    records.stock[0]["reserved"] = 1


def lose_a_piece(records: Records) -> None:
    records.stock[0]["onHand"] -= 1


def deduct_twice(records: Records) -> None:
    sold = next(movement for movement in records.movements if movement["reason"] == "sold")
    records.movements.append(sold | {"_id": "mov_again"})


def leave_a_reservation(records: Records) -> None:
    records.reservations[order_of(records, "card")["_id"]]["state"] = "held"


def pay_twice(records: Records) -> None:
    payment = payment_of(records, order_of(records, "card"))
    records.payments.append(copy.deepcopy(payment) | {"_id": "pay_again"})


def capture_less(records: Records) -> None:
    payment_of(records, order_of(records, "card"))["captured"]["amount"] -= 1


def keep_money_of_a_cancelled_order(records: Records) -> None:
    payment_of(records, order_of(records, "card", "cancelled"))["captured"] = {"amount": 5, "currency": "EUR"}


def give_back_too_much(records: Records) -> None:
    payment = payment_of(records, order_of(records, "card"))
    payment["refunded"] = {"amount": payment["captured"]["amount"] + 1, "currency": "EUR"}


def charge_twice(records: Records) -> None:
    intent = next(intent for intent in records.charges if intent["status"] == "succeeded")
    intent["charges"].append(dict(intent["charges"][0]))


def take_more_at_the_provider(records: Records) -> None:
    next(intent for intent in records.charges if intent["status"] == "succeeded")["amount_received"] += 1


def unbalance_an_entry(records: Records) -> None:
    records.ledger[0]["lines"][0]["amount"] += 1


def forget_an_entry(records: Records) -> None:
    del records.ledger[0]


def owe_twice(records: Records) -> None:
    records.debts.append(dict(records.debts[0]))


def give_two_events_one_id(records: Records) -> None:
    records.sent.append(dict(records.sent[0]))


def lose_an_event(records: Records) -> None:
    records.sent = [e for e in records.sent if not (e["type"] == "order.created" and _is_first(records, e))]


def _is_first(records: Records, event: dict[str, Any]) -> bool:
    return bool(event["subject"] == next(iter(records.orders)))


def skip_an_event_in_the_log(records: Records) -> None:
    del records.audit[3]


def log_in_another_order(records: Records) -> None:
    name = next(iter(records.orders))
    ids = [event["id"] for event in records.sent if event["subject"] == name and event["source"].endswith("sales")]
    first, second = [entry for entry in records.audit if entry["eventId"] in ids][:2]
    first["sequence"], second["sequence"] = second["sequence"], first["sequence"]


def leave_an_event_unsent(records: Records) -> None:
    records.unsent.append(Unsent("salesdb", "orders", "ord_1", dict(records.sent[0])))


def leave_a_write_undone(records: Records) -> None:
    records.accounts[0]["unfinished"] = [b""]


def count_an_order_twice(records: Records) -> None:
    records.days[0]["orders"] += 1


def count_a_piece_twice(records: Records) -> None:
    records.day_products[0]["units"] += 1


def tell_a_customer_twice(records: Records) -> None:
    told = next(message for message in records.messages if message["type"] == "order_confirmation")
    records.messages.append(told | {"_id": "ntf_again", "eventId": "evt_other"})


def lose_a_letter(records: Records) -> None:
    records.mails.clear()


DAMAGES: dict[str, Damage] = {
    "every accepted order exists": lose_an_order,
    "every order has ended": leave_an_order_waiting,
    "every total is as answered": charge_another_total,
    "no order that nobody sent": make_an_order_twice,
    "at most one order a key": answer_a_key_with_two_orders,
    "no stock below zero": sell_what_is_not_there,
    "nothing held at rest": keep_a_hold,
    "pieces on hand are the sum of their movements": lose_a_piece,
    "each order took its pieces once": deduct_twice,
    "each reservation ended as its order": leave_a_reservation,
    "one live payment an order": pay_twice,
    "confirmed orders are paid in full": capture_less,
    "cancelled orders hold no money": keep_money_of_a_cancelled_order,
    "refunds within what was captured": give_back_too_much,
    "one charge an order at the provider": charge_twice,
    "the provider's sums are ours": take_more_at_the_provider,
    "the ledger sums to zero": unbalance_an_entry,
    "the ledger tells what payments moved": forget_an_entry,
    "debts are the orders on account": owe_twice,
    "each event has one id": give_two_events_one_id,
    "each aggregate's events follow without a hole": lose_an_event,
    "each event is in the audit log once": skip_an_event_in_the_log,
    "the audit log keeps each aggregate's order": log_in_another_order,
    "nothing is left to send": leave_an_event_unsent,
    "nothing is left half done": leave_a_write_undone,
    "analytics counted the confirmed orders": count_an_order_twice,
    "analytics counted the pieces": count_a_piece_twice,
    "each customer was told once": tell_a_customer_twice,
    "each message left once": lose_a_letter,
}


class TestInvariants:
    def test_a_whole_company_violates_none(self, company: tuple[Records, Path]) -> None:
        records, _ = company
        assert len(records.orders) == ORDERS
        assert {name: found for name, found in judge_records(records).items() if found} == {}

    def test_each_has_its_damage(self) -> None:
        assert set(DAMAGES) == set(INVARIANTS)

    @pytest.mark.parametrize("name", INVARIANTS)
    def test_its_damage_is_named(self, company: tuple[Records, Path], name: str) -> None:
        damaged = copy.deepcopy(company[0])
        DAMAGES[name](damaged)
        assert judge_records(damaged)[name] != []


class TestReading:
    def test_damage_in_a_database_is_read_from_there(self, company: tuple[Records, Path]) -> None:
        records, journal = company

        async def damage_and_check() -> dict[str, list[str]]:
            suite = _suite()
            stock = suite.database("inventory")["stock"]
            row = records.stock[0]
            try:
                await stock.update_one({"_id": row["_id"]}, {"$inc": {"onHand": 1}})
                return await check_company(suite.mongo, database_prefix(), journal, records.company_id, suite.sandbox)
            finally:
                await stock.update_one({"_id": row["_id"]}, {"$inc": {"onHand": -1}})
                await suite.close()

        broken = [name for name, found in asyncio.run(damage_and_check()).items() if found]
        assert broken == ["pieces on hand are the sum of their movements"]
