"""HTTP of the payment service; the addresses with a name of their own stand before those with an id."""

from services.payment.routes import accounts, ledger, methods, payments

ROUTERS = (ledger.router, methods.router, accounts.router, payments.router)
