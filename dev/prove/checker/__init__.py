"""The independent checker: recomputes the invariants from the databases and the journal.

Nothing here imports a service or the common library, so that a mistake of theirs is not repeated here;
an import contract holds it.

==========  ================================================================================
records     everything a company left behind, read in bulk: databases, journal, provider, mails
orders      what was accepted exists and has ended; nothing else does
stock       pieces on hand, held and sold
money       payments, what the provider says of them, the ledger, debts
events      every fact sent, once, in order, into the audit log; nothing left to send
figures     what analytics counted; what customers were told
==========  ================================================================================
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient

from dev.prove.checker import events, figures, money, orders, stock
from dev.prove.checker.reading import read_records
from dev.prove.checker.records import Records

__all__ = ["INVARIANTS", "Records", "check_company", "judge_records", "read_records"]

Invariant = Callable[[Records], list[str]]

INVARIANTS: dict[str, Invariant] = {
    "every accepted order exists": orders.accepted_exist,
    "every order has ended": orders.all_ended,
    "every total is as answered": orders.totals_as_answered,
    "no order that nobody sent": orders.none_unsent,
    "at most one order a key": orders.one_a_key,
    "no stock below zero": stock.none_negative,
    "nothing held at rest": stock.nothing_held,
    "pieces on hand are the sum of their movements": stock.movements_explain,
    "each order took its pieces once": stock.taken_once,
    "each reservation ended as its order": stock.reservations_ended,
    "one live payment an order": money.one_live_payment,
    "confirmed orders are paid in full": money.confirmed_paid,
    "cancelled orders hold no money": money.cancelled_hold_nothing,
    "refunds within what was captured": money.refunds_within_captured,
    "one charge an order at the provider": money.one_charge,
    "the provider's sums are ours": money.provider_agrees,
    "the ledger sums to zero": money.ledger_balanced,
    "the ledger tells what payments moved": money.ledger_explains,
    "debts are the orders on account": money.debts_agree,
    "each event has one id": events.ids_once,
    "each aggregate's events follow without a hole": events.no_hole,
    "each event is in the audit log once": events.audited_once,
    "the audit log keeps each aggregate's order": events.audited_in_order,
    "nothing is left to send": events.nothing_unsent,
    "nothing is left half done": events.nothing_unfinished,
    "analytics counted the confirmed orders": figures.sales_counted,
    "analytics counted the pieces": figures.pieces_counted,
    "each customer was told once": figures.told_once,
    "each message left once": figures.mailed_once,
}
"""Every invariant by its plain name; each returns what violates it, a line each."""


async def check_company(
    client: AsyncMongoClient[dict[str, Any]], database_prefix: str, journal: Path, company_id: str, sandbox_url: str
) -> dict[str, list[str]]:
    """Every invariant of one company at rest, with its violations; an empty list where it holds."""
    return judge_records(await read_records(client, database_prefix, journal, company_id, sandbox_url))


def judge_records(records: Records) -> dict[str, list[str]]:
    """Every invariant, with its violations."""
    return {name: holds(records) for name, holds in INVARIANTS.items()}
