"""Answers about the ledger."""

from datetime import datetime

from common.money import Money
from common.web.schema import Out


class BalanceOut(Out):
    """One account of the ledger: debits positive, credits negative."""

    account: str
    balance: Money
    entries: int


class BalancesOut(Out):
    """All accounts, and their sum in each currency, which is always zero."""

    items: list[BalanceOut]
    totals: list[Money]


class LineOut(Out):
    """One line of a posting."""

    account: str
    amount: Money


class EntryOut(Out):
    """A posting: its lines sum to zero, and it stands once under its cause."""

    id: str
    company_id: str
    cause: str
    order_id: str
    payment_id: str
    at: datetime
    lines: list[LineOut]


class CauseOut(Out):
    """What one kind of cause added to a balance."""

    cause: str
    balance: Money
    entries: int


class ExplanationOut(Out):
    """A balance by what it adds up from; the sum of the causes is the balance, in each currency."""

    account: str
    balances: list[Money]
    causes: list[CauseOut]
    latest: list[EntryOut]
