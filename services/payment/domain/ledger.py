"""The double-entry ledger: each posting is one document whose lines sum to zero in its currency."""

from datetime import datetime
from typing import Any

from common.aggregate import Part
from common.money import Money
from services.payment.domain.payment import Payment
from services.payment.domain.record import Refund

ASSET_OF = {
    "stripe": "asset:stripe",
    "paypal": "asset:paypal",
    "cash": "asset:cash",
    "terminal": "asset:terminal",
    "account": "asset:bank",
}
"""Where the money of each provider sits. A debit (money in) is positive, a credit negative."""

ORDERS = "income:orders"
FEES = "expense:provider_fees"


class LedgerLine(Part):
    """One line: ``amount`` in signed minor units."""

    account: str
    currency: str
    amount: int


class Posting(Part):
    """Balanced lines, once per ``cause`` (such as ``capture:pay_…``); never changed, only reversed by another."""

    cause: str
    company_id: str
    order_id: str
    payment_id: str
    at: datetime
    lines: list[LedgerLine]

    def to_document(self) -> dict[str, Any]:
        """As stored; the cause is the id within the company, so that it can be posted only once."""
        assert sum(line.amount for line in self.lines) == 0, "a posting is balanced"
        return {"_id": f"{self.company_id}|{self.cause}", **self.model_dump(by_alias=True)}


def captured(payment: Payment, amount: int, now: datetime, cause: str | None = None) -> Posting:
    """``amount`` minor units came in for a payment; once per payment unless a part names its own cause."""
    return _post(cause or f"capture:{payment.id}", payment, amount, now)


def refunded(payment: Payment, refund: Refund, now: datetime) -> Posting:
    """A refund went out, by whoever handed it back."""
    return _post(f"refund:{refund.id}", payment, -refund.amount.amount, now, by=refund.handed)


def refund_returned(payment: Payment, refund: Refund, now: datetime) -> Posting:
    """A refund that had gone out came back: the bank could not deliver it."""
    return _post(f"refund_returned:{refund.id}", payment, refund.amount.amount, now, by=refund.handed)


def fee_kept(payment: Payment, fee: int, now: datetime) -> Posting:
    """The provider kept ``fee`` minor units of what it captured."""
    return _post(f"fee:{payment.id}", payment, -fee, now, against=FEES)


def handed_back(
    *, cause: str, company_id: str, order_id: str, return_id: str, handed: str, amount: Money, now: datetime
) -> Posting:
    """A till gave money back that no payment of ours stands for; the return's id stands where a payment's would."""
    return Posting(
        cause=cause,
        company_id=company_id,
        order_id=order_id,
        payment_id=return_id,
        at=now,
        lines=[
            LedgerLine(account=ASSET_OF[handed], currency=amount.currency, amount=-amount.amount),
            LedgerLine(account=ORDERS, currency=amount.currency, amount=amount.amount),
        ],
    )


def _post(
    cause: str, payment: Payment, amount: int, now: datetime, *, against: str = ORDERS, by: str | None = None
) -> Posting:
    currency = payment.amount.currency
    return Posting(
        cause=cause,
        company_id=payment.company_id or "",
        order_id=payment.order_id,
        payment_id=payment.id,
        at=now,
        lines=[
            LedgerLine(account=ASSET_OF[by or payment.provider], currency=currency, amount=amount),
            LedgerLine(account=against, currency=currency, amount=-amount),
        ],
    )
