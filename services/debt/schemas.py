"""Requests and answers of the debt service."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from common.money import Money
from common.web.schema import Identifier, In, Instant, LongText, Out, Resource, Text
from services.debt.domain import DebtorType, Status
from services.debt.service import Ageing

Method = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]


class InstalmentIn(In):
    """A part of the principal."""

    due_at: Instant
    amount: Money


class DebtIn(In):
    """A debt entered by hand. With a schedule, its last instalment says when the debt is due."""

    debtor_type: DebtorType
    debtor_id: Identifier
    principal: Money
    due_at: Instant | None = None
    schedule: Annotated[list[InstalmentIn], Field(min_length=1, max_length=120)] | None = None


class DebtPaymentIn(In):
    """Money received."""

    amount: Money
    method: Method
    note: LongText | None = None


class WriteOffIn(In):
    """Why what is left is no longer expected."""

    reason: Text


class InstalmentOut(Out):
    """A part of the principal and what was paid of it."""

    due_at: datetime
    amount: Money
    paid: Money


class DebtPaymentOut(Out):
    """Money received."""

    id: str
    amount: Money
    method: str
    note: str | None
    at: datetime


class DebtOut(Resource):
    """A debt as shown."""

    debtor_type: DebtorType
    debtor_id: str
    order_id: str | None
    principal: Money
    paid: Money
    outstanding: Money
    status: Status
    due_at: datetime
    schedule: list[InstalmentOut]
    payments: list[DebtPaymentOut]


class AgesOut(Out):
    """Money outstanding, by days since it was due."""

    outstanding: Money
    current: Money
    days1_to30: Annotated[Money, Field(alias="days1To30")]
    days31_to60: Annotated[Money, Field(alias="days31To60")]
    days61_to90: Annotated[Money, Field(alias="days61To90")]
    over90: Money


class DebtorAgesOut(AgesOut):
    """What one debtor owes."""

    debtor_type: DebtorType
    debtor_id: str
    name: str | None


class CurrencyAgesOut(AgesOut):
    """What is owed in one currency. ``debtors``: the largest; ``debtor_count`` counts them all."""

    currency: str
    debtor_count: int
    debtors: list[DebtorAgesOut]


class AgeingOut(Out):
    """An ageing report: what is outstanding now, classed by its age at ``as_of``."""

    as_of: datetime
    items: list[CurrencyAgesOut]

    @classmethod
    def of(cls, report: Ageing) -> Self:
        """The answer for a report."""
        return cls(as_of=report.as_of, items=[_currency_ages(group, report.names) for group in report.groups])


_AMOUNTS = ("outstanding", "current", "days1To30", "days31To60", "days61To90", "over90")


def _currency_ages(group: dict[str, Any], names: dict[str, str | None]) -> CurrencyAgesOut:
    currency = group["_id"]
    debtors = [_debtor_ages(row, names, currency) for row in group["debtors"]]
    told = {**_ages(group, currency), "currency": currency, "debtorCount": group["count"], "debtors": debtors}
    return CurrencyAgesOut.model_validate(told)


def _debtor_ages(row: dict[str, Any], names: dict[str, str | None], currency: str) -> DebtorAgesOut:
    who = row["_id"]
    named = {"debtorType": who["type"], "debtorId": who["id"], "name": names.get(who["id"])}
    return DebtorAgesOut.model_validate({**_ages(row, currency), **named})


def _ages(row: dict[str, Any], currency: str) -> dict[str, Money]:
    return {name: Money.of(row[name], currency) for name in _AMOUNTS}
