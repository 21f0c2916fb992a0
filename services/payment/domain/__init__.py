"""Rules of payments: the payment, the order's account, the ledger, what is kept for customers and companies."""

from services.payment.domain.account import OrderAccount
from services.payment.domain.ledger import LedgerLine, Posting
from services.payment.domain.methods import Kept, SavedMethod
from services.payment.domain.outcome import Failure, NextAction, Outcome, ProviderEvent
from services.payment.domain.payment import Payment
from services.payment.domain.provider_account import PaymentSettings, ProviderAccount
from services.payment.domain.provider_event import KeptEvent
from services.payment.domain.record import PLATFORM, Refund

__all__ = [
    "PLATFORM",
    "Failure",
    "Kept",
    "KeptEvent",
    "LedgerLine",
    "NextAction",
    "OrderAccount",
    "Outcome",
    "Payment",
    "PaymentSettings",
    "Posting",
    "ProviderAccount",
    "ProviderEvent",
    "Refund",
    "SavedMethod",
]
