"""Which methods a company takes, whose account a payment goes to, and what it is paid with."""

from common.errors import DomainError, Invalid, NotFound
from common.identity.principal import Principal
from common.web.etag import check_version
from services.payment.domain import OrderAccount, Payment, PaymentSettings
from services.payment.domain.methods import PREFIX
from services.payment.domain.payment import BY_HAND, PROVIDER_OF
from services.payment.domain.provider_account import METHODS, MethodName
from services.payment.service.foundation import Foundation


class Accepting:
    """Asked before a payment begins."""

    def __init__(self, on: Foundation) -> None:
        self._on = on

    async def settings(self, company_id: str) -> PaymentSettings:
        """The company's settings, all methods on where nothing was said."""
        found = await self._on.settings.for_company(company_id).find(company_id)
        return found or PaymentSettings.default(company_id, self._on.clock.now())

    async def accept(self, who: Principal, methods: list[MethodName], if_match: str | None) -> PaymentSettings:
        """Switch methods on and off: these and no others are taken from now on."""
        settings = await self.settings(who.tenant)
        store = self._on.settings.for_company(who.tenant)
        check_version(if_match, settings.version)
        settings.accept(methods)
        return await (store.save(settings) if settings.is_stored else store.insert(settings))

    async def available(self, company_id: str) -> list[tuple[MethodName, str]]:
        """The methods that can be used now, each with its provider."""
        accepted = (await self.settings(company_id)).accepted
        return [(name, PROVIDER_OF[name]) for name in METHODS if name in accepted and await self._has(company_id, name)]

    async def check(self, company_id: str, method: str) -> None:
        """Raises Invalid ``method_unavailable``."""
        if not await self.is_accepted(company_id, method):
            raise Invalid("method_unavailable", "This payment method is not available.", [("method", "not available")])

    async def is_accepted(self, company_id: str, method: str) -> bool:
        """Whether the company takes this method and somebody can move its money."""
        settings = await self.settings(company_id)
        return method in settings.accepted and await self._has(company_id, method)

    async def _has(self, company_id: str, method: str) -> bool:
        if PROVIDER_OF[method] in BY_HAND:
            return True
        try:
            await self._on.providers.choose(company_id, PROVIDER_OF[method])
        except Invalid:
            return False
        return True

    async def aim(self, payment: Payment, account: OrderAccount) -> None:
        """Settle whose account it goes to and whether it is captured by hand."""
        if payment.is_moved_by_provider:
            payment.account_id = await self._on.providers.choose(payment.company_id or "", payment.provider)
            payment.capture_method = account.capture_method

    async def owners_of(self, account: OrderAccount) -> list[str]:
        """Whose kept methods may pay an order: its customer's, and those of the account that placed it."""
        owners = [account.customer_id] if account.customer_id else []
        try:
            told = await self._on.sales.order(account.company_id or "", account.id)
        except DomainError:
            return owners
        user_id = told.get("customerUserId")
        return [*owners, str(user_id)] if user_id else owners

    async def equip(self, payment: Payment, token: str, owners: list[str]) -> None:
        """Give the payment what it is paid with, sealed; a kept method by its id.

        Raises NotFound for one that none of ``owners`` has, or that stands at another account.
        """
        if not token.startswith(f"{PREFIX}_"):
            payment.instrument = self._on.sealer.seal(token)
            return
        saved = await self._on.methods.for_company(payment.company_id).find(token)
        if saved is None or saved.owner_id not in owners or saved.removed_at is not None:
            raise NotFound("payment method")
        if (saved.provider, saved.account_id) != (payment.provider, payment.account_id):
            raise NotFound("payment method")
        payment.instrument = self._on.sealer.seal(saved.kept.reference)
        payment.payer_reference = saved.kept.payer_reference


def owner_of(who: Principal) -> str | None:
    """Under whose name a caller keeps methods; None for those who keep none."""
    if who.kind != "user" or who.role != "customer":
        return None
    return who.id if who.is_platform_customer else who.customer_id or who.id
