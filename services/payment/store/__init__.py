"""Payments, order accounts, the ledger and what is kept beside them in MongoDB."""

from services.payment.store import ledger
from services.payment.store.books import Books
from services.payment.store.keeping import Declines, KeptEvents, ProviderAccounts, SavedMethods, SettingsStore
from services.payment.store.ledger import Ledger
from services.payment.store.order_accounts import Accounts
from services.payment.store.payments import Payments
from services.payment.store.restorations import Restorations

__all__ = [
    "Accounts",
    "Books",
    "Declines",
    "KeptEvents",
    "Ledger",
    "Payments",
    "ProviderAccounts",
    "Restorations",
    "SavedMethods",
    "SettingsStore",
    "ledger",
]
