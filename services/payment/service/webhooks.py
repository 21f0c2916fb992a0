"""What providers call back with: any order, any number of times; the signature is checked before anything else."""

from collections.abc import Mapping

from common.errors import DomainError, Unavailable
from common.identity.principal import Principal
from common.logging import get_logger
from common.pagination import Page, PageRequest
from services.payment.clients import ProviderUnreachable
from services.payment.domain import KeptEvent, Payment, ProviderEvent
from services.payment.domain.provider_event import EventStatus, event_key
from services.payment.domain.record import UNDER_WAY
from services.payment.service.charging import Charging
from services.payment.service.foundation import Foundation
from services.payment.service.refunding import Refunding

log = get_logger(__name__)


class Webhooks:
    """Each account's address takes only what that account's secret signed, about that account's payments."""

    def __init__(self, on: Foundation, charging: Charging, refunding: Refunding) -> None:
        self._on = on
        self._charging = charging
        self._refunding = refunding

    async def take(self, provider: str, account_id: str, headers: Mapping[str, str], body: bytes) -> None:
        """Take one event, once. Raises NotFound for an unknown account, BadRequest for a bad signature or event."""
        adapter, owner = await self._on.providers.behind(provider, account_id)
        event = await adapter.read_event(headers, body, self._on.clock.now())
        if owner is not None and event.company_id not in (None, owner):
            event = ProviderEvent(id=event.id, type=event.type)  # somebody else's payments are none of its business
        callbacks = self._on.callbacks.for_platform()
        if await callbacks.find(event_key(provider, account_id, event.id)) is not None:
            return
        kept = KeptEvent.keep(provider, account_id, event, "waiting", self._on.clock.now())
        status = await self._act(kept)
        if status != "waiting":
            kept.status, kept.due_at = status, None
        await callbacks.keep(kept)

    async def retry(self, kept: KeptEvent) -> None:
        """Try again what came too early, or while its provider could not be asked."""
        kept.tried(await self._act(kept), self._on.clock.now())
        await self._on.callbacks.for_platform().save(kept)

    async def list(self, who: Principal, page: PageRequest) -> Page[KeptEvent]:
        """The company's events as they were taken."""
        return await self._on.callbacks.for_company(who.tenant).page({}, page)

    async def _act(self, kept: KeptEvent) -> EventStatus:
        event = kept.event
        if event.subject == "other" or not event.company_id or not event.payment_id:
            return "ignored"
        payment = await self._on.payments.for_company(event.company_id).find(event.payment_id)
        if payment is None:
            return "waiting"
        if (payment.provider, payment.account_id) != (kept.provider, kept.account_id):
            return "ignored"
        try:
            done = await (self._refund(payment, event) if event.subject == "refund" else self._pay(payment, event))
        except (ProviderUnreachable, Unavailable) as error:
            log.warning("callback_open", paymentId=payment.id, reason=str(error))
            return "waiting"
        except DomainError as error:
            log.warning("callback_refused", paymentId=payment.id, code=error.code)
            return "ignored"
        return "handled" if done else "waiting"

    async def _pay(self, payment: Payment, event: ProviderEvent) -> bool:
        """Captured money is believed; what else was told counts as the provider says it is now."""
        if event.outcome is not None:
            await self._charging.settle(payment, event.outcome)
            return True
        if payment.status in UNDER_WAY:
            outcome = await (await self._on.providers.of(payment)).complete(payment)
            if outcome is not None:
                await self._charging.settle(payment, outcome)
        return True

    async def _refund(self, payment: Payment, event: ProviderEvent) -> bool:
        """False while the refund is not known here: it came before its own answer."""
        if event.refund_id is None or event.outcome is None:
            return True
        if payment.refund(event.refund_id) is None:
            return False
        if event.outcome.kind != "pending":
            await self._refunding.settle(payment, event.refund_id, event.outcome)
        return True
