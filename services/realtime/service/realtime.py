"""The use cases: give a ticket, open a socket for it, close it when its holder is revoked."""

import asyncio
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from common.events import Envelope, EventData
from common.identity.permissions import permissions_of
from common.identity.principal import Principal
from common.logging import get_logger
from common.messaging.feed import FeedWatcher
from common.runtime import Runtime
from services.realtime.domain.frames import IDLE, NOT_PERMITTED, REVOKED, SLOW, TOO_MANY
from services.realtime.service.access import Access
from services.realtime.service.hub import Hub
from services.realtime.service.listeners import Holder, Listener
from services.realtime.service.origins import Origins
from services.realtime.service.session import Session
from services.realtime.settings import Settings
from services.realtime.store import Tickets

log = get_logger(__name__)

TICKET_SECONDS = 30
TICKET_BYTES = 24
SWEEP_SECONDS = 1.0
CLOSE_SECONDS = 3.0


class RealtimeService:
    """Tickets and sockets of this process."""

    def __init__(
        self,
        settings: Settings,
        tickets: Tickets,
        hub: Hub,
        watcher: FeedWatcher,
        access: Access,
        origins: Origins,
        runtime: Runtime,
    ) -> None:
        self._settings = settings
        self._tickets = tickets
        self._hub = hub
        self._access = access
        self.origins = origins
        self._clock = runtime.clock
        self._revocations = runtime.revocations
        self._open: set[Listener] = set()
        self.watch = watcher.run
        self._revocations.listeners.append(self._close_revoked)

    async def issue(self, who: Principal) -> str:
        """A ticket for one socket, valid for 30 seconds. Raises BadRequest ``tenant_required``."""
        now = self._clock.now()
        ticket = secrets.token_urlsafe(TICKET_BYTES)
        holder = {
            "kind": who.kind,
            "id": who.id,
            "role": who.role,
            "permissions": sorted(who.permissions),
            "companyId": who.tenant,
            "ownCompanyId": who.company_id,
            "shopIds": list(who.shop_ids),
            "customerId": who.customer_id,
            "sessionId": who.session_id,
            # Of the token, not of the ticket: what stopped that token a moment ago may not have been heard here yet.
            "issuedAt": who.issued_at if who.issued_at is not None else int(now.timestamp()),
        }
        await self._tickets.keep(ticket, holder, now + timedelta(seconds=TICKET_SECONDS))
        return ticket

    async def serve(self, socket: WebSocket) -> None:
        """Hold one socket until it ends. A page that may not connect is refused before the upgrade (403)."""
        holder = await self._redeem(socket.query_params.get("ticket", ""))
        if not await self.origins.permit(socket, holder.principal if holder else None):
            await socket.close()
            return
        await socket.accept()
        refusal = self._refusal(holder)
        if holder is None or refusal is not None:
            await socket.close(refusal or REVOKED)
            return
        listener = Listener(holder, self._settings.queue_frames, self._settings.queue_bytes)
        self._open.add(listener)
        try:
            code = await self._converse(socket, listener)
        finally:
            self._open.discard(listener)
            self._hub.leave(listener, list(listener.channels))
        if code is not None:
            with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await socket.close(code)

    async def sweep(self) -> None:
        """Close what was revoked while announcements could not be heard, for ever."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._close_revoked(None)

    async def _converse(self, socket: WebSocket, listener: Listener) -> int | None:
        """The code to close with, or None when the client has gone."""
        session = Session(listener, self._hub, self._access)
        idle_seconds, send_seconds = self._settings.idle_seconds, self._settings.send_seconds
        tasks = [
            asyncio.create_task(_read(socket, session, listener, idle_seconds)),
            asyncio.create_task(_write(socket, listener, send_seconds)),
        ]
        awaited: list[asyncio.Future[Any]] = [*tasks, listener.ending]
        try:
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
                log.error("socket_failed", exc_info=result)
                listener.end(1011)
        return listener.ending.result() if listener.ending.done() else None

    async def _redeem(self, ticket: str) -> Holder | None:
        held = await self._tickets.take(ticket, self._clock.now()) if ticket else None
        return _holder_of(held) if held is not None else None

    def _refusal(self, holder: Holder | None) -> int | None:
        """The code to close with at once, or None."""
        if holder is None or self._is_revoked(holder):
            return REVOKED
        who = holder.principal
        if not who.may("realtime.connect"):
            return NOT_PERMITTED
        held = sum(each.holder.principal.id == who.id for each in self._open)
        return TOO_MANY if held >= self._settings.sockets_an_account else None

    def _is_revoked(self, holder: Holder) -> bool:
        who = holder.principal
        return self._revocations.is_revoked(who.id, who.session_id or "", who.tenant_id, holder.issued_at)

    def _close_revoked(self, _: Envelope[EventData] | None) -> None:
        for listener in self._open:
            if self._is_revoked(listener.holder):
                listener.end(REVOKED)


async def _read(socket: WebSocket, session: Session, listener: Listener, idle_seconds: float) -> None:
    """Hear the client's frames; one that listens to nothing must say something now and then."""
    while True:
        try:
            async with asyncio.timeout(None if listener.channels else idle_seconds):
                message = await socket.receive()
        except TimeoutError:
            listener.end(IDLE)
            return
        if message["type"] == "websocket.disconnect":
            return
        await session.hear(message.get("text"))


async def _write(socket: WebSocket, listener: Listener, send_seconds: float) -> None:
    """Send what waits; a client that takes nothing for ``send_seconds`` is cut off."""
    while True:
        frame = await listener.next()
        try:
            async with asyncio.timeout(send_seconds):
                await socket.send_text(frame)
        except TimeoutError:
            listener.end(SLOW)
            return


def _holder_of(held: dict[str, Any]) -> Holder:
    principal = Principal(
        kind=held["kind"],
        id=held["id"],
        role=held["role"],
        permissions=permissions_of(held["role"], held["permissions"]),
        company_id=held["ownCompanyId"],
        tenant_id=held["companyId"],
        shop_ids=tuple(held["shopIds"]),
        customer_id=held["customerId"],
        session_id=held["sessionId"],
    )
    return Holder(principal, held["issuedAt"])
