"""Companies' own accounts at the providers."""

from common.errors import Conflict, Invalid, NotFound, Unavailable
from common.identity.principal import Principal
from common.pagination import Page, PageRequest
from common.web.etag import check_version
from services.payment.clients import AccountRefused, ProviderFactory, ProviderUnreachable
from services.payment.domain import ProviderAccount
from services.payment.domain.provider_account import AccountStatus, ProviderName
from services.payment.service.foundation import Foundation


class Connecting:
    """Keys are tried at the provider before they are kept, sealed, and never shown again."""

    def __init__(self, on: Foundation, factory: ProviderFactory) -> None:
        self._on = on
        self._factory = factory

    async def list(self, who: Principal, page: PageRequest) -> Page[ProviderAccount]:
        """The company's accounts."""
        return await self._on.provider_accounts.for_company(who.tenant).page({"status": {"$ne": "removed"}}, page)

    async def connect(
        self,
        who: Principal,
        account_id: str,
        provider: ProviderName,
        name: str,
        client_id: str | None,
        keys: dict[str, str],
    ) -> ProviderAccount:
        """Connect an account; the same ``account_id`` again finds the first.

        Raises Invalid ``account_refused``, Conflict ``account_taken``, Unavailable.
        """
        store = self._on.provider_accounts.for_company(who.tenant)
        known = await store.find(account_id)
        if known is not None:
            return known
        if await store.active(provider) is not None:
            raise Conflict("account_taken", "Another account of this provider is active; disable it first.")
        account = ProviderAccount.connect(account_id, who.tenant, provider, name, self._on.clock.now())
        account.client_id = client_id
        account.external_id = await self._verified(provider, client_id, keys)
        account.sealed_keys = self._sealed(keys)
        return await store.insert(account)

    async def change(
        self,
        who: Principal,
        account_id: str,
        *,
        name: str | None,
        status: AccountStatus | None,
        client_id: str | None,
        keys: dict[str, str],
        if_match: str | None,
    ) -> ProviderAccount:
        """Rename it, switch it on or off, exchange keys. Raises as :meth:`connect`, and NotFound."""
        account = await self._mine(who, account_id)
        check_version(if_match, account.version)
        opened = {name: self._on.sealer.open(sealed) for name, sealed in account.sealed_keys.items()}
        if keys or client_id is not None:
            found = await self._verified(account.provider, client_id or account.client_id, {**opened, **keys})
            if found != account.external_id and account.provider == "stripe":
                raise Invalid("account_refused", "These keys belong to another account of the provider.")
        account.change(name=name, status=status, client_id=client_id, sealed=self._sealed(keys))
        return await self._on.provider_accounts.for_company(who.tenant).save(account)

    async def remove(self, who: Principal, account_id: str) -> None:
        """Disconnect it. Raises NotFound, Conflict ``account_in_use`` while a payment of it is under way."""
        account = await self._mine(who, account_id)
        if await self._on.payments.for_company(who.tenant).is_account_used(account.id):
            raise Conflict("account_in_use", "Payments of this account are under way; disable it and wait.")
        account.remove()
        await self._on.provider_accounts.for_company(who.tenant).save(account)

    async def _mine(self, who: Principal, account_id: str) -> ProviderAccount:
        account = await self._on.provider_accounts.for_company(who.tenant).get(account_id)
        if account.status == "removed":
            raise NotFound("account")
        return account

    async def _verified(self, provider: str, client_id: str | None, keys: dict[str, str]) -> str:
        adapter = self._factory.build(provider, client_id, keys)
        try:
            return await adapter.verify()
        except AccountRefused as error:
            raise Invalid("account_refused", "The provider does not know these keys.") from error
        except ProviderUnreachable as error:
            raise Unavailable("The payment provider does not answer.") from error
        finally:
            await adapter.close()

    def _sealed(self, keys: dict[str, str]) -> dict[str, str]:
        return {name: self._on.sealer.seal(key) for name, key in keys.items()}
