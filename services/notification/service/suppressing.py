"""Dead addresses: noted by themselves, listed and released by staff."""

from common.clock import Clock
from common.errors import NotFound
from common.identity.principal import Principal
from common.ids import new_id
from common.pagination import Page, PageRequest
from services.notification.domain import Channel, Notification, Suppression
from services.notification.store import Suppressions

CHANNELS = ("email", "sms")
"""Channels whose addresses die; a device is forgotten instead."""


class Suppressing:
    """What keeps messages away from addresses that take none."""

    def __init__(self, suppressions: Suppressions, clock: Clock) -> None:
        self._suppressions = suppressions
        self._clock = clock

    async def has(self, company_id: str | None, channel: Channel, address: str) -> bool:
        """Whether a company sends nothing there."""
        if company_id is None or channel not in CHANNELS:
            return False
        return await self._suppressions.for_company(company_id).has(channel, address)

    async def note(self, notification: Notification, channel: Channel, address: str, reason: str) -> None:
        """Send nothing more there; a second time changes nothing."""
        company_id, now = notification.company_id, self._clock.now()
        if company_id is None or channel not in CHANNELS or not address:
            return
        entry = Suppression(
            id=new_id("sup"),
            company_id=company_id,
            created_at=now,
            updated_at=now,
            channel=channel,
            address=address.lower(),
            reason=reason[:300],
            notification_id=notification.id,
        )
        entry.announce()
        await self._suppressions.for_company(company_id).insert_once(entry)

    async def list(
        self, who: Principal, channel: Channel | None, address: str | None, page: PageRequest
    ) -> Page[Suppression]:
        """A company's dead addresses."""
        criteria: dict[str, object] = {"active": True}
        if channel is not None:
            criteria["channel"] = channel
        if address is not None:
            criteria["address"] = address.lower()
        return await self._suppressions.for_company(who.tenant).page(criteria, page)

    async def release(self, who: Principal, suppression_id: str) -> None:
        """Send there again. Raises NotFound."""
        store = self._suppressions.for_company(who.tenant)
        entry = await store.get(suppression_id)
        if not entry.active:
            raise NotFound("suppression")
        entry.release(self._clock.now())
        await store.save(entry)
