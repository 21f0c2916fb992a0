"""Wires the use cases."""

from common.copies import LocalCopies
from common.encryption import Sealer
from common.runtime import Runtime
from services.payment.clients import CompanyDesk, ProviderFactory, SalesDesk
from services.payment.service.accepting import Accepting
from services.payment.service.bookkeeping import Bookkeeping
from services.payment.service.capturing import Capturing
from services.payment.service.charging import Charging
from services.payment.service.connecting import Connecting
from services.payment.service.foundation import Foundation
from services.payment.service.methods import Methods
from services.payment.service.orders import OrderFlow
from services.payment.service.processing import Processing
from services.payment.service.providers import Providers
from services.payment.service.reading import Reading
from services.payment.service.refunding import Refunding
from services.payment.service.returning import Returning
from services.payment.service.strays import Strays
from services.payment.service.sweeping import Sweeping
from services.payment.service.velocity import Velocity
from services.payment.service.webhooks import Webhooks
from services.payment.settings import Settings
from services.payment.store import (
    Accounts,
    Books,
    Declines,
    KeptEvents,
    Ledger,
    Payments,
    ProviderAccounts,
    Restorations,
    SavedMethods,
    SettingsStore,
    ledger,
)

COMPANIES = "companies"


class PaymentService:
    """All of it, composed."""

    def __init__(self, on: Foundation, settings: Settings) -> None:
        self.on = on
        self.public_url = settings.public_url
        self.refunding = Refunding(on)
        velocity = Velocity(on.declines, on.clock)
        self.charging = Charging(on, self.refunding, velocity)
        self.accepting = Accepting(on)
        self.orders = OrderFlow(on, self.accepting, self.charging, self.refunding)
        self.strays = Strays(on, self.orders)
        self.returning = Returning(on, self.refunding)
        self.processing = Processing(on, self.accepting, self.charging, self.orders, velocity)
        self.capturing = Capturing(on, self.charging)
        self.reading = Reading(on, self.processing)
        self.bookkeeping = Bookkeeping(on)
        self.methods = Methods(on, self.accepting)
        self.connecting = Connecting(on, ProviderFactory(settings))
        self.webhooks = Webhooks(on, self.charging, self.refunding)
        self.sweeping = Sweeping(on, self.charging, self.refunding, self.webhooks)


def declare(runtime: Runtime) -> None:
    """Name the collections whose indexes must exist."""
    runtime.declare(Accounts, Payments, SavedMethods, ProviderAccounts, SettingsStore, KeptEvents)
    runtime.declare_indexes(ledger.COLLECTION, ledger.INDEXES)
    runtime.declare_indexes(Declines.COLLECTION, Declines.INDEXES)


def lay_foundation(runtime: Runtime, settings: Settings) -> Foundation:
    """Stores, providers and clients on an open runtime."""
    assert settings.encryption_key is not None, "settings refuse to be without it"
    ground, sealer, factory = runtime.ground, Sealer(settings.encryption_key), ProviderFactory(settings)
    accounts, payments, provider_accounts = Accounts(ground), Payments(ground), ProviderAccounts(ground)
    providers = Providers(provider_accounts, sealer, factory, factory.platform())
    runtime.on_close(providers.close)
    return Foundation(
        accounts=accounts,
        payments=payments,
        books=Books(ground, accounts, payments),
        ledger=Ledger(runtime.database),
        methods=SavedMethods(ground),
        provider_accounts=provider_accounts,
        settings=SettingsStore(ground),
        callbacks=KeptEvents(ground),
        declines=Declines(runtime.database),
        restorations=Restorations(runtime.database),
        companies=LocalCopies(runtime.database, COMPANIES),
        providers=providers,
        sales=SalesDesk(runtime.clients),
        company=CompanyDesk(runtime.clients),
        sealer=sealer,
        clock=runtime.clock,
    )
