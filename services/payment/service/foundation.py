"""What every use case of payments stands on."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from common.clock import Clock
from common.copies import LocalCopies
from common.encryption import Sealer
from common.errors import Unavailable, VersionConflict
from services.payment.clients import CompanyDesk, SalesDesk
from services.payment.domain import OrderAccount, Payment
from services.payment.service.providers import Providers
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
)

Result = TypeVar("Result")
CONFLICT_TRIES = 18
LONGEST_PAUSE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Foundation:
    """Stores, the outside, and the clock. ``companies``: copies of the companies' settings."""

    accounts: Accounts
    payments: Payments
    books: Books
    ledger: Ledger
    methods: SavedMethods
    provider_accounts: ProviderAccounts
    settings: SettingsStore
    callbacks: KeptEvents
    declines: Declines
    restorations: Restorations
    companies: LocalCopies
    providers: Providers
    sales: SalesDesk
    company: CompanyDesk
    sealer: Sealer
    clock: Clock

    async def together(self, payment: Payment) -> tuple[OrderAccount, Payment]:
        """The payment's account, then the payment, both fresh: the account is finished before the payment is read."""
        account = await self.accounts.for_company(payment.company_id).get(payment.order_id)
        return account, await self.payments.for_company(payment.company_id).get(payment.id)


async def decide(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run a load-decide-commit, and run it anew when somebody else was faster.

    Raises Unavailable when it does not come through; an event is then delivered again, with patience.
    """
    for number in range(CONFLICT_TRIES):
        try:
            return await work()
        except VersionConflict:
            await asyncio.sleep(min(0.002 * 1.5**number, LONGEST_PAUSE_SECONDS))
    raise Unavailable("The order is being changed by somebody else; try again.")
