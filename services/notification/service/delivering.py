"""Handing messages over: a lane a channel, tries with pauses, fallback, and what came of it."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from common.clock import Clock
from common.errors import Unavailable, VersionConflict
from common.logging import get_logger
from services.notification.clients import DEADLINE_SECONDS, ChannelPort, NotHandedOver, Refused
from services.notification.domain import Channel, Device, Notification, Outgoing, Receipt, templates, texts
from services.notification.domain.policy import EXTERNAL_LIMIT, WINDOW_SECONDS
from services.notification.domain.templates import Text
from services.notification.service.lanes import Lane
from services.notification.service.recipients import Recipients
from services.notification.service.suppressing import Suppressing
from services.notification.service.tracking import Tracking
from services.notification.store import Devices, Notifications, Throttles

log = get_logger(__name__)

SWEEP_SECONDS = 1.0
NOTE_TRIES = 8
CHANNELS: tuple[Channel, ...] = ("email", "sms", "push", "in_app")

Outcome = Callable[[Notification, datetime], None]


class LinkGone(Exception):
    """The secret that a mail is about was used or has expired."""


class Delivering:
    """The lanes of this process. Any number of processes may run them: a message is locked by one."""

    def __init__(
        self,
        notifications: Notifications,
        devices: Devices,
        throttles: Throttles,
        suppressing: Suppressing,
        tracking: Tracking,
        recipients: Recipients,
        channels: Mapping[Channel, ChannelPort],
        clock: Clock,
        places: int,
    ) -> None:
        self._notifications = notifications.for_platform()
        self._devices = devices
        self._throttles = throttles
        self._suppressing = suppressing
        self._tracking = tracking
        self._recipients = recipients
        self._clock = clock
        self.lanes = {name: Lane(name, channels.get(name), places) for name in CHANNELS}

    @property
    def configured(self) -> set[Channel]:
        """The channels that are set up."""
        return {name for name, lane in self.lanes.items() if lane.port is not None}

    async def enqueue(self, notification: Notification) -> bool:
        """Store a message and send it as soon as its channel has a place. False when it was there before."""
        lane = self.lanes[notification.channel]
        admitted = lane.reserve(critical=notification.priority == "critical")
        if admitted:
            notification.lock(self._clock.now())
        stored = False
        try:
            stored = await self._notifications.insert_once(notification)
        finally:
            if admitted and not stored:
                lane.release()
        if stored and admitted:
            notification.unsure = False  # in memory only: this first try is ours and surely the first
            lane.hand(notification)
        lane.stirred.set()
        return stored

    def stir(self, channel: Channel) -> None:
        """Something may be due there."""
        self.lanes[channel].stirred.set()

    async def run(self) -> None:
        """Keep every lane going: a channel whose provider is stuck holds up no other."""
        async with asyncio.TaskGroup() as group:
            for lane in self.lanes.values():
                group.create_task(self._run_lane(lane))

    async def _run_lane(self, lane: Lane) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                while lane.handed:
                    group.create_task(self._in_place(lane, lane.handed.popleft(), False))
                await self._fill(lane, group)
                await lane.wait(SWEEP_SECONDS)

    async def _fill(self, lane: Lane, group: asyncio.TaskGroup) -> None:
        while lane.reserve(critical=True):
            try:
                only_critical = lane.free < 1
                taken = await self._notifications.take_due(lane.channel, self._clock.now(), only_critical=only_critical)
            except BaseException:
                lane.release()
                raise
            if taken is None:
                lane.taken -= 1
                return
            group.create_task(self._in_place(lane, *taken))

    async def _in_place(self, lane: Lane, notification: Notification, repeated: bool) -> None:
        try:
            await self._deliver(lane, notification, repeated)
        finally:
            lane.release()

    async def _deliver(self, lane: Lane, notification: Notification, repeated: bool) -> None:
        """Hand over one message that this process has locked, and store what came of it."""
        notification.compose()
        until = await self._throttled(notification, repeated)
        if until is not None:
            await self._note(notification, lambda fresh, now: fresh.postpone(until))
            return
        noted = await self._note(notification, await self._try(lane, notification, repeated))
        if noted is None:
            return
        last = noted.attempts[-1]
        if last.channel == "sms" and last.provider_id is not None:
            await self._tracking.settle(last.provider_id)
        if noted.status == "queued":
            self.stir(noted.channel)

    async def _try(self, lane: Lane, notification: Notification, repeated: bool) -> Outcome:
        if lane.port is None:
            return _refused("this channel is not set up")
        try:
            text = await self._text(notification)
            receipt = await self._send(lane.port, notification, text, repeated)
        except LinkGone:
            return lambda fresh, now: fresh.note_void(now, "the link was used or has expired")
        except Unavailable as error:
            return _failed(str(error), unsure=False)
        except Refused as error:
            if error.dead_address:
                await self._suppressing.note(notification, notification.channel, _address(notification), str(error))
            lane.noted(None)
            return _refused(str(error))
        except NotHandedOver as error:
            lane.noted(str(error))
            return _failed(str(error), unsure=error.unsure)
        except TimeoutError:
            lane.noted("no answer in time")
            return _failed("no answer in time", unsure=True)
        except Exception as error:
            # One message that breaks a library must not stop the lane, nor be taken again for ever.
            log.error("delivery_broke", notificationId=notification.id, channel=lane.channel, exc_info=error)
            return _failed(f"broke: {type(error).__name__}", unsure=True)
        lane.noted(None)
        return lambda fresh, now: fresh.note_sent(now, receipt.provider_id)

    async def _text(self, notification: Notification) -> Text:
        """What it says; where a secret belongs in it, auth is asked now and nothing of it is kept."""
        if notification.link_id is None:
            return Text(notification.subject, notification.body)
        told = await self._recipients.link(notification.link_id, notification.company_id)
        if told is None:
            raise LinkGone
        company = await self._recipients.company_name(notification.company_id)
        return texts.link_text(notification.type, told, company)

    async def _send(self, port: ChannelPort, notification: Notification, text: Text, repeated: bool) -> Receipt:
        async with asyncio.timeout(DEADLINE_SECONDS + 1):
            if notification.channel == "push":
                return await self._push(port, notification, text, repeated)
            address = _address(notification)
            if await self._suppressing.has(notification.company_id, notification.channel, address):
                raise Refused("this address is suppressed")
            return await port.send(_outgoing(notification, text, address), repeated=repeated)

    async def _push(self, port: ChannelPort, notification: Notification, text: Text, repeated: bool) -> Receipt:
        """To every device of the recipient; one that takes it is enough, one that is gone is forgotten."""
        if notification.contacts.token is not None:
            return await port.send(_outgoing(notification, text, notification.contacts.token), repeated=repeated)

        async def to(device: Device) -> Receipt | Refused | NotHandedOver:
            try:
                return await port.send(_outgoing(notification, text, device.token), repeated=repeated)
            except NotHandedOver as error:
                return error
            except Refused as error:
                if error.dead_address:
                    await self._forget(device)
                return error

        who = notification.recipient
        devices = await self._devices.of(who.user_id, who.customer_id, notification.company_id)
        ends = await asyncio.gather(*(to(device) for device in devices))
        for end in ends:
            if isinstance(end, Receipt):
                return end
        lost = next((end for end in ends if isinstance(end, NotHandedOver)), None)
        raise lost or Refused("; ".join(str(end) for end in ends)[:300] or "no device is registered")

    async def _note(self, notification: Notification, outcome: Outcome) -> Notification | None:
        """Store what came of a try, also when a report was noted in between; None when the lock was lost."""
        lock, channel, current = notification.next_attempt_at, notification.channel, notification
        for _ in range(NOTE_TRIES):
            outcome(current, self._clock.now())
            try:
                return await self._notifications.save(current)
            except VersionConflict:
                fresh = await self._notifications.find(notification.id)
                if fresh is None or fresh.next_attempt_at != lock or fresh.channel != channel:
                    break
                fresh.compose()
                current = fresh
        log.warning("delivery_taken_over", notificationId=notification.id)
        return None

    async def _forget(self, device: Device) -> None:
        device.remove(self._clock.now(), "unregistered")
        try:
            await self._devices.for_platform().save(device)
        except VersionConflict:
            log.info("device_changed_meanwhile", deviceId=device.id)

    async def _throttled(self, notification: Notification, repeated: bool) -> datetime | None:
        """Until when a message of normal priority waits, because its recipient had enough for now."""
        if notification.priority != "normal" or notification.channel == "in_app":
            return None
        if repeated or notification.tries:
            return None
        key = f"{notification.company_id}:{notification.recipient_key}"
        return await self._throttles.take(key, self._clock.now(), limit=EXTERNAL_LIMIT, window_seconds=WINDOW_SECONDS)


def _address(notification: Notification) -> str:
    contacts = notification.contacts
    known = {"email": contacts.email, "sms": contacts.phone}.get(notification.channel)
    return known or notification.recipient.address or ""


def _outgoing(notification: Notification, text: Text, address: str) -> Outgoing:
    is_sms = notification.channel == "sms"
    return Outgoing(
        to=address,
        subject=text.subject,
        text=templates.as_sms(text) if is_sms else text.body,
        html=templates.as_html(text.body),
        tag=notification.id,
        created_at=notification.created_at,
        data={
            "notificationId": notification.id,
            "type": notification.type,
            "referenceType": notification.reference.type,
            "referenceId": notification.reference.id,
        },
    )


def _refused(reason: str) -> Outcome:
    return lambda fresh, now: fresh.note_refused(now, reason)


def _failed(reason: str, *, unsure: bool) -> Outcome:
    return lambda fresh, now: fresh.note_failed(now, reason, unsure=unsure)
