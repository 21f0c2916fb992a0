"""Requests and answers of the debt service."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from common.money import Money
from common.web.schema import Identifier, In, Instant, LongText, Out, Resource
from services.debt.domain import DebtorType, Status

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
