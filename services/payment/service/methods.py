"""Payment methods that customers keep."""

from common.card_numbers import holds_card_number
from common.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from common.identity.principal import Principal
from common.logging import get_logger
from services.payment.clients import MethodRefused, ProviderUnreachable
from services.payment.domain import Kept, SavedMethod
from services.payment.domain.provider_account import MethodName
from services.payment.service.accepting import Accepting, owner_of
from services.payment.service.foundation import Foundation
from services.payment.store.keeping import METHODS_OF_A_CUSTOMER

log = get_logger(__name__)


class Methods:
    """A customer sees and changes the own; staff see those of a customer they name."""

    def __init__(self, on: Foundation, accepting: Accepting) -> None:
        self._on = on
        self._accepting = accepting

    async def list(
        self, who: Principal, customer_id: str | None
    ) -> tuple[list[SavedMethod], list[tuple[MethodName, str]]]:
        """What the caller may pay with: kept methods, and the kinds that the company takes.

        Raises NotFound for another customer's.
        """
        owner = owner_of(who)
        if customer_id is not None and not who.may("payments.read"):
            if customer_id != owner:
                raise NotFound("customer")
        elif customer_id is not None:
            owner = customer_id
        kept = await self._on.methods.for_company(who.tenant).of(owner) if owner is not None else []
        return kept, await self._accepting.available(who.tenant)

    async def save(self, who: Principal, token: str, method_id: str) -> SavedMethod:
        """Keep a method for the signed-in customer. The same ``method_id`` again finds the first.

        Raises Forbidden for those who keep none, Invalid, Conflict ``too_many_methods``, Unavailable.
        """
        owner = self._owner(who)
        if holds_card_number(token):
            message = "Card numbers are not taken here; send a payment-method token."
            raise Invalid("card_number_refused", message, [("paymentMethodToken", "holds a card number")])
        store = self._on.methods.for_company(who.tenant)
        known = await store.find(method_id)
        if known is not None:
            return known
        mine = await store.of(owner)
        if len(mine) >= METHODS_OF_A_CUSTOMER:
            raise Conflict("too_many_methods", "Give up a method before keeping another.")
        await self._accepting.check(who.tenant, "card")
        account_id = await self._on.providers.choose(who.tenant, "stripe")
        payer = next((each.kept.payer_reference for each in mine if each.account_id == account_id), None)
        kept = await self._keep(who.tenant, owner, account_id, payer, token, method_id)
        return await store.insert(
            SavedMethod.save(method_id, who.tenant, owner, account_id, kept, self._on.clock.now())
        )

    async def _keep(
        self, company_id: str, owner: str, account_id: str, payer: str | None, token: str, method_id: str
    ) -> Kept:
        provider = await self._on.providers.at(company_id, "stripe", account_id)
        try:
            return await provider.keep(company_id, owner, payer, token, method_id)
        except MethodRefused as error:
            message = "The provider does not keep this method."
            raise Invalid("payment_method_refused", message, [("paymentMethodToken", error.code)]) from error
        except ProviderUnreachable as error:
            raise Unavailable("The payment provider does not answer.") from error

    async def remove(self, who: Principal, method_id: str) -> None:
        """Give one up, at the provider first. Raises NotFound for another's, Unavailable."""
        store = self._on.methods.for_company(who.tenant)
        saved = await store.owned(method_id, self._owner(who))
        try:
            provider = await self._on.providers.at(who.tenant, saved.provider, saved.account_id)
            await provider.forget(saved.kept)
        except ProviderUnreachable as error:
            raise Unavailable("The payment provider does not answer.") from error
        except Invalid:
            log.info("method_went_with_its_account", methodId=saved.id)
        saved.remove(self._on.clock.now())
        await store.save(saved)

    def _owner(self, who: Principal) -> str:
        owner = owner_of(who)
        if owner is None:
            raise Forbidden("permission_denied", "Customers keep methods for themselves.")
        return owner
