"""Test messages, and how the channels are."""

from dataclasses import dataclass

from common.clock import Clock
from common.errors import Conflict, TooManyRequests
from common.identity.principal import Principal
from common.ids import new_id
from services.notification.domain import Channel, Contacts, Notification, Recipient, Reference, templates, texts
from services.notification.service.delivering import CHANNELS, Delivering
from services.notification.service.recipients import Recipients
from services.notification.store import Throttles

TESTS_LIMIT = 10
TESTS_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """``healthy``: set up, and its last try here was no loss."""

    channel: Channel
    configured: bool
    healthy: bool
    waiting: int
    last_error: str | None


class Trying:
    """Whether messages leave, asked by staff."""

    def __init__(self, delivering: Delivering, recipients: Recipients, throttles: Throttles, clock: Clock) -> None:
        self._delivering = delivering
        self._recipients = recipients
        self._throttles = throttles
        self._clock = clock

    def channels(self) -> list[ChannelHealth]:
        """Every channel, as this copy of the service knows it."""
        lanes = self._delivering.lanes
        return [
            ChannelHealth(
                channel=name,
                configured=lanes[name].port is not None,
                healthy=lanes[name].port is not None and lanes[name].losses == 0,
                waiting=lanes[name].taken,
                last_error=lanes[name].last_error,
            )
            for name in CHANNELS
        ]

    async def send(self, who: Principal, channel: Channel, to: str) -> Notification:
        """One test message. Raises Conflict ``channel_not_configured``, or TooManyRequests after ten an hour."""
        if channel not in self._delivering.configured:
            raise Conflict("channel_not_configured", f"The channel {channel} is not set up here.")
        now = self._clock.now()
        until = await self._throttles.take(f"test:{who.tenant}", now, limit=TESTS_LIMIT, window_seconds=TESTS_SECONDS)
        if until is not None:
            raise TooManyRequests(f"{TESTS_LIMIT} tests an hour.", int((until - now).total_seconds()) + 1)
        company = await self._recipients.company_name(who.tenant)
        message = texts.message(
            "test",
            templates.render("test", company=company),
            Reference(type="test", id=who.id),
            Recipient(user_id=to if channel == "in_app" else None, address=to if channel in ("email", "sms") else None),
            _contacts(channel, to),
            [channel],
            event_id=new_id("tst"),
            company_id=who.tenant,
            shop_id=None,
            priority="important",
            now=now,
        )
        await self._delivering.enqueue(message)
        return message


def _contacts(channel: Channel, to: str) -> Contacts:
    match channel:
        case "email":
            return Contacts(email=to)
        case "sms":
            return Contacts(phone=to)
        case "push":
            return Contacts(token=to)
        case _:
            return Contacts()
