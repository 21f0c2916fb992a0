"""Use cases of the payment service, split by noun."""

from common.encryption import Sealer
from common.runtime import Runtime
from services.payment.clients import CompanyDesk, SalesDesk, StripeProvider
from services.payment.service.charging import Charging
from services.payment.service.foundation import Foundation, decide
from services.payment.service.orders import OrderFlow
from services.payment.service.processing import Processing
from services.payment.service.reading import PaymentFilter, Reading
from services.payment.service.refunding import Refunding
from services.payment.service.sweeping import Sweeping
from services.payment.service.webhooks import Webhooks
from services.payment.settings import Settings
from services.payment.store import Accounts, Books, Payments

__all__ = ["PaymentFilter", "PaymentService", "decide", "lay_foundation"]


class PaymentService:
    """All of it, composed."""

    def __init__(self, on: Foundation, settings: Settings) -> None:
        secret = settings.stripe_webhook_secret
        assert secret is not None, "settings refuse to be without it"
        self.refunding = Refunding(on)
        self.charging = Charging(on, self.refunding)
        self.orders = OrderFlow(on, self.charging, self.refunding)
        self.processing = Processing(on, self.charging, self.orders)
        self.reading = Reading(on, self.processing)
        self.webhooks = Webhooks(
            on,
            self.charging,
            self.refunding,
            account_id=settings.stripe_account_id,
            secret=secret.get_secret_value(),
        )
        self.sweeping = Sweeping(on, self.charging, self.refunding)


def lay_foundation(runtime: Runtime, settings: Settings) -> Foundation:
    """Stores, providers and clients on an open runtime."""
    assert settings.stripe_api_key is not None, "settings refuse to be without it"
    assert settings.encryption_key is not None, "settings refuse to be without it"
    card = StripeProvider(
        settings.stripe_api_key.get_secret_value(), settings.stripe_api_base, settings.stripe_return_url
    )
    runtime.on_close(card.close)
    accounts, payments = Accounts(runtime.ground), Payments(runtime.ground)
    return Foundation(
        accounts=accounts,
        payments=payments,
        books=Books(runtime.ground, accounts, payments),
        providers={"stripe": card},
        sales=SalesDesk(runtime.clients),
        company=CompanyDesk(runtime.clients),
        sealer=Sealer(settings.encryption_key),
        clock=runtime.clock,
    )
