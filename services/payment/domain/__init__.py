"""Rules of payments: the payment, the order's account, the ledger."""

from services.payment.domain.account import OrderAccount
from services.payment.domain.ledger import LedgerLine, Posting
from services.payment.domain.payment import Failure, NextAction, Outcome, Payment, Refund

__all__ = [
    "Failure",
    "LedgerLine",
    "NextAction",
    "OrderAccount",
    "Outcome",
    "Payment",
    "Posting",
    "Refund",
]
