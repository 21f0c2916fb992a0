"""Lists and single messages, read marks, and sending again."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from common.clock import Clock
from common.errors import Forbidden, NotFound
from common.identity.principal import Principal
from common.pagination import Page, PageRequest
from common.web.etag import again_when_overtaken
from services.notification.domain import Channel, Notification, days
from services.notification.domain.policy import KINDS
from services.notification.service.delivering import Delivering
from services.notification.service.recipients import Recipients
from services.notification.store import Notifications

RETRIED_AT_ONCE = 200
COUNT_LIMIT = 1000


class Reading:
    """Recipients see their own, staff the company's; what is not seen is not there."""

    def __init__(
        self, notifications: Notifications, recipients: Recipients, delivering: Delivering, clock: Clock
    ) -> None:
        self._recipients = recipients
        self._notifications = notifications
        self._delivering = delivering
        self._clock = clock

    async def list(
        self,
        who: Principal,
        criteria: dict[str, Any],
        page: PageRequest,
        *,
        unread: bool | None = None,
        begin: str | None = None,
        end: str | None = None,
    ) -> Page[Notification]:
        """Messages of the company for staff, one's own for everybody else; days are the company's.

        Raises Invalid ``invalid_query`` for what is no time.
        """
        zone = await self._recipients.zone(who.tenant_id) if days.names_a_day(begin, end) else ZoneInfo("UTC")
        between = {"createdAt": span} if (span := days.span(begin, end, zone)) else {}
        return await self._store(who).page({**criteria, **between, **_visible(who), **_marked(who, unread)}, page)

    async def read(self, who: Principal, notification_id: str) -> Notification:
        """One message. Raises NotFound, also for somebody else's."""
        found = await self._store(who).find_one({"_id": notification_id, **_visible(who)})
        if found is None:
            raise NotFound("notification")
        return found

    async def count_unread(self, who: Principal) -> int:
        """How many of one's messages are unread; no further than a thousand."""
        return await self._store(who).count({**_visible(who), **_marked(who, True)}, COUNT_LIMIT)

    async def mark_read(self, who: Principal, notification_id: str) -> Notification:
        """Note that the caller has read it; again changes nothing."""
        await self.read(who, notification_id)
        await self._store(who).mark_read({"_id": notification_id}, who.id)
        return await self.read(who, notification_id)

    async def mark_all_read(self, who: Principal) -> int:
        """Note that the caller has read everything there is; how much was unread."""
        return await self._store(who).mark_read(_visible(who), who.id)

    async def open(self, who: Principal, notification_id: str) -> Notification:
        """The recipient opened it. Raises InvalidTransition for what never left, Forbidden for somebody else."""

        async def change() -> Notification:
            found = await self.read(who, notification_id)
            if not _is_for(who, found):
                raise Forbidden("permission_denied", "Only its recipient opens a message.")
            if found.note_opened():
                await self._store(who).save(found)
            return found

        await again_when_overtaken(change)
        return await self.mark_read(who, notification_id)

    async def retry(self, who: Principal, notification_id: str) -> Notification:
        """Send a failed message again. Raises InvalidTransition for any other."""

        async def change() -> Notification:
            found = await self.read(who, notification_id)
            found.try_again(self._clock.now(), self._route(found))
            return await self._store(who).save(found)

        retried = await again_when_overtaken(change)
        self._delivering.stir(retried.channel)
        return retried

    async def retry_failed(self, who: Principal, message_type: str | None) -> int:
        """Send the company's failed messages again, the oldest first, at most two hundred; how many."""
        criteria = {"status": "failed", **_visible(who)}
        if message_type is not None:
            criteria["type"] = message_type
        failed = await self._store(who).find_many(criteria, RETRIED_AT_ONCE)
        for each in failed:
            await self.retry(who, each.id)
        return len(failed)

    def _route(self, notification: Notification) -> Sequence[Channel]:
        """The whole way from its beginning, as far as it was open to this recipient."""
        used = [attempt.channel for attempt in notification.attempts if attempt.channel != "in_app"]
        kind = KINDS.get(notification.type)
        ways = kind.ways if kind is not None else ()
        order = next((list(way) for way in ways if notification.way in way), [notification.way])
        route = [channel for channel in order if channel in used or channel == notification.way]
        return [each for each in route if each in self._delivering.configured] or [notification.way]

    def _store(self, who: Principal) -> Notifications:
        """The company's messages; all of one's own for a customer of the platform who names no company."""
        if who.is_platform_customer and who.tenant_id is None:
            return self._notifications.for_platform()
        return self._notifications.for_company(who.tenant)


def _visible(who: Principal) -> dict[str, Any]:
    if not who.may("notifications.read"):
        mine: list[dict[str, Any]] = [{"recipient.userId": who.id}]
        if who.customer_id:
            mine.append({"recipient.customerId": who.customer_id})
        return {"$or": mine} if len(mine) > 1 else mine[0]
    if who.is_limited_to_shops:
        return {"shopId": {"$in": [*who.shop_ids, None]}}
    return {}


def _marked(who: Principal, unread: bool | None) -> dict[str, Any]:
    if unread is None:
        return {}
    return {"readBy": {"$ne": who.id} if unread else who.id}


def _is_for(who: Principal, notification: Notification) -> bool:
    recipient = notification.recipient
    if recipient.user_id is None and recipient.customer_id is None:
        return recipient.address is None and who.is_staff
    return who.id == recipient.user_id or (who.customer_id is not None and who.customer_id == recipient.customer_id)
