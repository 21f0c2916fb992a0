"""Debts: what is owed, when it is due, and how payments are spread over the instalments."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from common.aggregate import Aggregate, Part
from common.errors import Conflict, Invalid, InvalidTransition
from common.events.payments import (
    DebtCreated,
    DebtOverdue,
    DebtPaymentRecorded,
    DebtReduced,
    DebtSettled,
    DebtWrittenOff,
)
from common.money import Money

Status = Literal["open", "partially_paid", "paid", "overdue", "written_off"]
DebtorType = Literal["customer", "company"]


AGES = (("current", 0), ("days1To30", 30), ("days31To60", 60), ("days61To90", 90))
"""The usual classes of an ageing report: not yet due, then by whole days since the instalment was due.

What is older than the last of them counts as ``over90``.
"""

OLDEST = "over90"


def age_of(due_at: datetime, as_of: datetime) -> str:
    """The class that an instalment counts in at an instant."""
    if due_at > as_of:
        return AGES[0][0]
    days = (as_of - due_at).days
    return next((name for name, limit in AGES[1:] if days <= limit), OLDEST)


class Instalment(Part):
    """A part of the principal, due at an instant."""

    due_at: datetime
    amount: Money
    paid: Money

    @property
    def is_paid(self) -> bool:
        """Whether nothing of it is left."""
        return self.paid.amount == self.amount.amount


class DebtPayment(Part):
    """Money received for a debt."""

    id: str
    amount: Money
    method: str
    note: str | None = None
    at: datetime


class Debt(Aggregate):
    """``overdue_at``: the next instant at which an unpaid instalment becomes overdue; null when none will.

    ``returns``: returned goods that were taken off what is owed.
    """

    debtor_type: DebtorType
    debtor_id: str
    order_id: str | None = None
    shop_id: str | None = None
    principal: Money
    paid: Money
    status: Status = "open"
    due_at: datetime
    overdue_at: datetime | None
    schedule: list[Instalment]
    payments: list[DebtPayment] = []
    returns: list[str] = []

    @classmethod
    def owe(
        cls,
        *,
        debt_id: str,
        company_id: str,
        debtor_type: DebtorType,
        debtor_id: str,
        principal: Money,
        schedule: Sequence[tuple[datetime, Money]],
        now: datetime,
        order_id: str | None = None,
        shop_id: str | None = None,
    ) -> "Debt":
        """A new debt. Raises Invalid unless the instalments sum to the principal, all above zero."""
        _check(principal, schedule)
        nothing = Money.zero(principal.currency)
        ordered = sorted((_stored(due), amount) for due, amount in schedule)
        debt = cls(
            id=debt_id,
            company_id=company_id,
            created_at=now,
            updated_at=now,
            debtor_type=debtor_type,
            debtor_id=debtor_id,
            order_id=order_id,
            shop_id=shop_id,
            principal=principal,
            paid=nothing,
            due_at=ordered[-1][0],
            overdue_at=ordered[0][0],
            schedule=[Instalment(due_at=due, amount=amount, paid=nothing) for due, amount in ordered],
        )
        debt.record(
            DebtCreated(
                debt_id=debt_id,
                debtor_type=debtor_type,
                debtor_id=debtor_id,
                order_id=order_id,
                principal=principal,
                due_at=debt.due_at,
            )
        )
        return debt

    @property
    def outstanding(self) -> Money:
        """What is still owed; nothing once it is written off."""
        if self.status == "written_off":
            return Money.zero(self.principal.currency)
        return self.principal - self.paid

    def payment(self, payment_id: str) -> DebtPayment | None:
        """The payment with this id."""
        return next((payment for payment in self.payments if payment.id == payment_id), None)

    def pay(self, payment_id: str, amount: Money, method: str, note: str | None, now: datetime) -> None:
        """Take money, the oldest instalment first. Once per id.

        Raises Conflict ``debt_overpaid``, InvalidTransition when written off, Invalid for another currency.
        """
        if self.payment(payment_id) is not None:
            return
        if self.status == "written_off":
            raise InvalidTransition("The debt was written off.")
        if amount.currency != self.principal.currency:
            message = f"The debt is in {self.principal.currency}."
            raise Invalid("currency_mismatch", message, [("amount", "another currency")])
        if amount.amount <= 0:
            raise Invalid("invalid_body", "Some fields are refused.", [("amount", "must be above zero")])
        if amount > self.outstanding:
            raise Conflict("debt_overpaid", "More than is owed.", outstanding=self.outstanding.model_dump())
        self.fall_overdue(now)
        self.payments = [*self.payments, DebtPayment(id=payment_id, amount=amount, method=method, note=note, at=now)]
        self.paid = self.paid + amount
        self.schedule = allocate(self.schedule, amount)
        self._follow(now)
        self.record(
            DebtPaymentRecorded(
                debt_id=self.id,
                debt_payment_id=payment_id,
                order_id=self.order_id,
                method=method,
                amount=amount,
                outstanding=self.outstanding,
            )
        )
        if self.status == "paid":
            self.record(DebtSettled(debt_id=self.id, order_id=self.order_id, principal=self.principal))

    def take_off(self, return_id: str, amount: Money, now: datetime) -> None:
        """Owe less, the latest instalment first: goods came back. Once per return, never below what is paid."""
        less = min(amount, self.outstanding)
        if return_id in self.returns or less.amount <= 0:
            return
        self.fall_overdue(now)
        before, status = self.principal, self.status
        self.returns = [*self.returns, return_id]
        self.principal = self.principal - less
        self.schedule = lessened(self.schedule, less)
        self._follow(now)
        self.record(
            DebtReduced(
                debt_id=self.id,
                order_id=self.order_id,
                return_id=return_id,
                amount=less,
                outstanding=self.outstanding,
                before={"principal": before.model_dump(), "status": status},
                after={"principal": self.principal.model_dump(), "status": self.status},
            )
        )
        if self.status == "paid" and self.paid.amount:
            self.record(DebtSettled(debt_id=self.id, order_id=self.order_id, principal=self.principal))

    def fall_overdue(self, now: datetime) -> bool:
        """Note that an instalment's time has passed. False when none has since the last look."""
        if self.overdue_at is None or self.overdue_at > now or self.status in ("paid", "written_off"):
            return False
        passed = max(part.due_at for part in self.schedule if not part.is_paid and part.due_at <= now)
        self._follow(now)
        self.record(
            DebtOverdue(
                debt_id=self.id,
                debtor_type=self.debtor_type,
                debtor_id=self.debtor_id,
                outstanding=self.outstanding,
                due_at=passed,
            )
        )
        return True

    def give_up(self, reason: str) -> None:
        """What is left is no longer expected. Raises InvalidTransition for a debt that is paid.

        Given up again: nothing changes.
        """
        if self.status == "paid":
            raise InvalidTransition("The debt is paid.")
        self.write_off(reason)

    def write_off(self, reason: str) -> bool:
        """What is left is no longer owed. False when it was written off before."""
        if self.status == "written_off":
            return False
        given_up, before = self.outstanding, self.status
        self.status, self.overdue_at = "written_off", None
        self.record(
            DebtWrittenOff(
                debt_id=self.id,
                order_id=self.order_id,
                amount=given_up,
                reason=reason,
                before={"status": before},
                after={"status": self.status},
            )
        )
        return True

    def _follow(self, now: datetime) -> None:
        """Status and next overdue instant as they follow from schedule and time."""
        unpaid = [part.due_at for part in self.schedule if not part.is_paid]
        if not unpaid:
            self.status, self.overdue_at = "paid", None
            return
        if min(unpaid) <= now:
            self.status = "overdue"
        else:
            self.status = "partially_paid" if self.paid.amount else "open"
        self.overdue_at = min((due for due in unpaid if due > now), default=None)


def allocate(schedule: Sequence[Instalment], amount: Money) -> list[Instalment]:
    """Spread ``amount`` over the instalments, the oldest first; what they paid before stays."""
    left, spread = amount.amount, []
    for part in schedule:
        taken = min(left, part.amount.amount - part.paid.amount)
        left -= taken
        spread.append(part.model_copy(update={"paid": Money.of(part.paid.amount + taken, amount.currency)}))
    assert left == 0, "never more than is owed is allocated"
    return spread


def lessened(schedule: Sequence[Instalment], amount: Money) -> list[Instalment]:
    """The instalments without ``amount``, taken off what is unpaid, the latest first."""
    left, kept = amount.amount, []
    for part in reversed(schedule):
        less = min(left, part.amount.amount - part.paid.amount)
        left -= less
        kept.append(part.model_copy(update={"amount": Money.of(part.amount.amount - less, amount.currency)}))
    assert left == 0, "never more than is owed is taken off"
    return kept[::-1]


def _stored(instant: datetime) -> datetime:
    """In UTC and to the millisecond, as the database keeps it."""
    return instant.astimezone(UTC).replace(microsecond=instant.microsecond // 1000 * 1000)


def _check(principal: Money, schedule: Sequence[tuple[datetime, Money]]) -> None:
    if principal.amount <= 0:
        raise Invalid("invalid_body", "Some fields are refused.", [("principal", "must be above zero")])
    amounts = [amount for _, amount in schedule]
    if any(amount.currency != principal.currency for amount in amounts):
        raise Invalid("currency_mismatch", "One debt has one currency.", [("schedule", "another currency")])
    if any(amount.amount <= 0 for amount in amounts):
        raise Invalid("invalid_body", "Some fields are refused.", [("schedule", "each amount must be above zero")])
    if sum(amount.amount for amount in amounts) != principal.amount:
        raise Invalid("schedule_mismatch", "The instalments do not sum to the principal.", [("schedule", "wrong sum")])
