"""What every use case of payments stands on."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from common.clock import Clock
from common.encryption import Sealer
from common.errors import Invalid, Unavailable, VersionConflict
from services.payment.clients import CompanyDesk, Provider, SalesDesk
from services.payment.domain import OrderAccount, Payment
from services.payment.store import Accounts, Books, Payments

Result = TypeVar("Result")
CONFLICT_TRIES = 18
LONGEST_PAUSE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Foundation:
    """Stores, the outside, and the clock. ``providers`` by name; money of any other name moves by hand."""

    accounts: Accounts
    payments: Payments
    books: Books
    providers: Mapping[str, Provider]
    sales: SalesDesk
    company: CompanyDesk
    sealer: Sealer
    clock: Clock

    def provider(self, name: str) -> Provider:
        """The provider. Raises Invalid ``method_unavailable`` where none is configured."""
        if name not in self.providers:
            raise Invalid("method_unavailable", "This payment method is not available.", [("method", "not available")])
        return self.providers[name]

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
