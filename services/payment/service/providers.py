"""Which adapter moves the money of which payment: a company's own account, else the suite's."""

from collections import OrderedDict
from collections.abc import Mapping

from common.encryption import Sealer
from common.errors import Invalid, NotFound
from services.payment.clients import Provider, ProviderFactory
from services.payment.domain import PLATFORM, Payment, ProviderAccount
from services.payment.store import ProviderAccounts

KEPT_OPEN = 64
ACCOUNTS_LIMIT = 60
"""Fewer than are kept open: none is closed while it is asked."""


class Providers:
    """Adapters by account; a company's are made when they are needed and anew when its keys change."""

    def __init__(
        self, accounts: ProviderAccounts, sealer: Sealer, factory: ProviderFactory, platform: Mapping[str, Provider]
    ) -> None:
        self._accounts = accounts
        self._sealer = sealer
        self._factory = factory
        self._platform = platform
        self._open: OrderedDict[str, tuple[int, Provider]] = OrderedDict()

    async def close(self) -> None:
        """Close them all."""
        for provider in [*self._platform.values(), *(opened for _, opened in self._open.values())]:
            await provider.close()

    async def choose(self, company_id: str, provider: str) -> str:
        """The id of the account that a new payment goes to. Raises Invalid ``method_unavailable``."""
        own = await self._accounts.for_company(company_id).active(provider)
        if own is not None:
            return own.id
        if provider in self._platform:
            return PLATFORM
        raise _unavailable()

    async def of(self, payment: Payment) -> Provider:
        """The adapter of the account that the payment went to. Raises Invalid ``method_unavailable``."""
        return await self.at(payment.company_id or "", payment.provider, payment.account_id)

    async def at(self, company_id: str, provider: str, account_id: str) -> Provider:
        """The adapter of one of the company's accounts, or of the suite's."""
        if account_id == PLATFORM:
            if provider not in self._platform:
                raise _unavailable()
            return self._platform[provider]
        account = await self._accounts.for_company(company_id).find(account_id)
        if account is None or account.provider != provider or account.status == "removed":
            raise _unavailable()
        return await self._opened(account)

    async def behind(self, provider: str, account_id: str) -> tuple[Provider, str | None]:
        """The adapter that a callback's address names, and whose payments it may speak of (None: anybody's).

        Raises NotFound.
        """
        if account_id == PLATFORM and provider in self._platform:
            return self._platform[provider], None
        account = await self._accounts.for_platform().find(account_id)
        if account is None or account.provider != provider or account.status == "removed":
            raise NotFound("account")
        return await self._opened(account), account.company_id

    async def all(self) -> list[Provider]:
        """Every adapter: the suite's own, and those of the companies' accounts."""
        accounts = await self._accounts.for_platform().find_many({"status": {"$ne": "removed"}}, ACCOUNTS_LIMIT)
        return [*self._platform.values(), *[await self._opened(account) for account in accounts]]

    async def _opened(self, account: ProviderAccount) -> Provider:
        kept = self._open.get(account.id)
        if kept is not None and kept[0] == account.version:
            self._open.move_to_end(account.id)
            return kept[1]
        keys = {name: self._sealer.open(sealed) for name, sealed in account.sealed_keys.items()}
        made = self._factory.build(account.provider, account.client_id, keys)
        self._open[account.id] = (account.version, made)
        await self._let_go(kept[1] if kept else None)
        return made

    async def _let_go(self, replaced: Provider | None) -> None:
        if replaced is not None:
            await replaced.close()
        while len(self._open) > KEPT_OPEN:
            _, (_, oldest) = self._open.popitem(last=False)
            await oldest.close()


def _unavailable() -> Invalid:
    return Invalid("method_unavailable", "This payment method is not available.", [("method", "not available")])
