"""The outside of payments: providers of money behind one port, and what sales and company are asked."""

from services.payment.clients.desks import CompanyDesk, SalesDesk
from services.payment.clients.factory import CLIENT_SECRET, SECRET_KEY, WEBHOOK_ID, WEBHOOK_SECRET, ProviderFactory
from services.payment.clients.paypal import PayPalProvider
from services.payment.clients.provider import AccountRefused, MethodRefused, Provider, ProviderUnreachable
from services.payment.clients.stripe import StripeProvider

__all__ = [
    "CLIENT_SECRET",
    "SECRET_KEY",
    "WEBHOOK_ID",
    "WEBHOOK_SECRET",
    "AccountRefused",
    "CompanyDesk",
    "MethodRefused",
    "PayPalProvider",
    "Provider",
    "ProviderFactory",
    "ProviderUnreachable",
    "SalesDesk",
    "StripeProvider",
]
