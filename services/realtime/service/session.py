"""The conversation with one client: subscribe, unsubscribe, resume, ping."""

from contextlib import aclosing
from typing import Any

from common.errors import Unavailable
from common.messaging.connection import BROKER_ERRORS
from services.realtime.clients import FeedStalled
from services.realtime.domain import frames
from services.realtime.domain.channels import channels_of, is_for
from services.realtime.domain.cursors import Cursor, Place, parse_cursor
from services.realtime.domain.frames import ClientFrame, Ping, Resume, Subscribe
from services.realtime.service.access import Access
from services.realtime.service.hub import Hub
from services.realtime.service.listeners import Listener

CATCH_UP_SECONDS = 3.0
MOST_CHANNELS = 200
MOST_AT_ONCE = 1000
MOST_BYTES_AT_ONCE = 1024 * 1024
"""Of what is remembered; for more a client reads the stream at its own speed, and its queue stays short."""


class Session:
    """Acts on a client's frames in turn."""

    def __init__(self, listener: Listener, hub: Hub, access: Access) -> None:
        self._listener = listener
        self._hub = hub
        self._access = access
        self._is_first = True
        self._unreadable = 0

    async def hear(self, text: str | None) -> None:
        """Act on one frame; what cannot be understood is answered with an error frame."""
        frame = frames.read_frame(text) if text is not None else None
        is_first, self._is_first = self._is_first, False
        if frame is None or (isinstance(frame, Resume) and not is_first):
            await self._listener.put(frames.error_frame("invalid_frame"))
            self._unreadable += 1
            if self._unreadable >= frames.MOST_UNREADABLE:
                self._listener.end(frames.POLICY_VIOLATION)
            return
        self._unreadable = 0
        try:
            await self._act(frame)
        except Unavailable:
            await self._listener.put(frames.error_frame("unavailable"))

    async def _act(self, frame: ClientFrame) -> None:
        match frame:
            case Ping():
                await self._listener.put(frames.PONG)
            case Resume():
                await self._resume(frame)
            case Subscribe(type="unsubscribe"):
                self._hub.leave(self._listener, frame.channels)
                await self._listener.put(frames.unsubscribed(frame.channels))
            case Subscribe():
                granted, refused = await self._grant(frame.channels)
                if not await self._hub.is_ready(CATCH_UP_SECONDS):
                    raise Unavailable("The feed cannot be heard right now.")
                await self._listener.put(frames.subscribed(granted, refused, self._hub.cursor))
                self._hub.join(self._listener, granted)

    async def _grant(self, channels: list[str]) -> tuple[list[str], list[tuple[str, str]]]:
        """Which channels may be heard, and which not, with the code."""
        granted: list[str] = []
        refused: list[tuple[str, str]] = []
        for channel in dict.fromkeys(channels):
            room = len(self._listener.channels | set(granted)) < MOST_CHANNELS
            code = await self._refusal(channel) if room else "too_many_channels"
            if code is None:
                granted.append(channel)
            else:
                refused.append((channel, code))
        return granted, refused

    async def _refusal(self, channel: str) -> str | None:
        try:
            return await self._access.refusal(self._listener.holder.principal, channel)
        except Unavailable as error:
            return error.code

    async def _resume(self, frame: Resume) -> None:
        cursor = parse_cursor(frame.cursor)
        granted, refused = await self._grant(frame.channels)
        if cursor is not None and not await self._hub.is_ready(CATCH_UP_SECONDS):
            raise Unavailable("The feed cannot be heard right now.")  # the cursor may still be good
        if cursor is None or not await self._hub.reaches(cursor, CATCH_UP_SECONDS):
            await self._listener.put(frames.error_frame("cursor_expired"))
            return
        told = frames.subscribed(granted, refused, frame.cursor)
        missed = self._missed(cursor, granted)
        if missed is not None:  # one step: nothing is heard between what was missed and what comes
            for each in (told, *missed):
                self._listener.offer(each)
            self._hub.join(self._listener, granted)
            return
        try:
            async with self._hub.replaying:
                await self._replay(cursor, granted, told)
        except (FeedStalled, *BROKER_ERRORS) as error:
            raise Unavailable("The feed cannot be read right now.") from error

    def _missed(self, cursor: Cursor, granted: list[str]) -> list[str] | None:
        """The frames after the cursor, or None where the stream must be read for them."""
        if cursor.place == self._hub.place:
            return []
        listener = self._listener
        missed = self._hub.recent.after(cursor.place, listener.company_id, granted, listener.shop_ids)
        is_little = missed is not None and len(missed) < MOST_AT_ONCE and sum(map(len, missed)) < MOST_BYTES_AT_ONCE
        return missed if is_little else None

    async def _replay(self, cursor: Cursor, granted: list[str], told: str) -> None:
        """Send what stood after the cursor, and join the hub at the very place where the past ends."""
        begun = False
        async with aclosing(self._hub.history.messages(cursor.epoch, cursor.place.offset)) as messages:
            async for offset, documents in messages:
                if offset < cursor.place.offset:
                    continue
                if not begun and offset > cursor.place.offset:
                    await self._listener.put(frames.error_frame("cursor_expired"))
                    return
                if not begun:
                    await self._listener.put(told)
                    begun = True
                for index, document in enumerate(documents):
                    await self._send_past(Cursor(cursor.epoch, Place(offset, index)), cursor.place, document, granted)
                self._listener.seen = Place(offset, len(documents) - 1)
                if self._listener.seen >= self._hub.place:
                    self._hub.join(self._listener, granted)
                    return

    async def _send_past(self, at: Cursor, after: Place, document: Any, granted: list[str]) -> None:
        if not isinstance(document, dict) or document.get("companyid") != self._listener.company_id:
            return
        event = self._hub.readable(document)
        if event is None or at.place <= after:
            return
        if self._hub.is_repeated(event.id, at):
            return
        for channel in channels_of(event):
            if channel in granted and is_for(self._listener.shop_ids, channel, event):
                await self._listener.put(frames.event_frame(channel, str(at), document))
