"""One process: Stripe's API and the sandbox's own routes over HTTP, and the SMTP server beside them."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from common.clock import SystemClock
from dev.sandbox.cardholder import Cardholder
from dev.sandbox.connection import BreakableProtocol
from dev.sandbox.faults import FaultBoard
from dev.sandbox.inspection import Inspection
from dev.sandbox.mailbox import Mailbox
from dev.sandbox.settings import Settings, SettingsRefused, read_settings
from dev.sandbox.smtp import start_smtp
from dev.sandbox.storage import Storage
from dev.sandbox.stripe.api import StripeApi
from dev.sandbox.stripe.webhook_endpoints import put_fixed
from dev.sandbox.stripe.webhooks import Dispatcher

# Longer than any client keeps an idle connection, so that none is closed under a request.
KEEP_ALIVE_SECONDS = 120
SHUTDOWN_SECONDS = 3
# The outside world does not follow the suite's shifted clock.
_CLOCK = SystemClock(offset_seconds=0)


def run(http_port: int, smtp_port: int, *, host: str = "127.0.0.1") -> None:
    """Serve until told to stop; raises SettingsRefused where that cannot be."""
    settings = read_settings(os.environ, host=host, http_port=http_port)
    uvicorn.run(
        build(settings, _listen(host, smtp_port)),
        host=host,
        port=http_port,
        loop="uvloop",
        http=BreakableProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


def build(settings: Settings, smtp_socket: socket.socket) -> Starlette:
    """The ASGI application; its lifespan opens storage, SMTP on its socket, and the webhook dispatcher."""
    storage = Storage(settings.database)
    faults = FaultBoard(storage)
    mailbox = Mailbox(storage, now=_now)
    dispatcher = Dispatcher(storage, faults, now=_now, public_url=settings.public_url)
    stripe = StripeApi(storage, faults, now=_now, public_url=settings.public_url, on_announced=dispatcher.wake)
    inspection = Inspection(storage=storage, mailbox=mailbox, faults=faults, wake=dispatcher.wake)
    cardholder = Cardholder(storage=storage, now=_now, public_url=settings.public_url, wake=dispatcher.wake)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await storage.open()
        await storage.run(lambda db: put_fixed(db, settings.endpoint, _now()))
        await faults.load()
        smtp = await start_smtp(mailbox, smtp_socket)
        sending = asyncio.create_task(dispatcher.run())
        sending.add_done_callback(_stop_when_broken)
        try:
            yield
        finally:
            smtp.close()
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
            await storage.close()

    routes = [Mount("/v1", stripe), *inspection.routes(), *cardholder.routes()]
    return Starlette(routes=routes, lifespan=lifespan)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise SettingsRefused(f"the SMTP port {port} cannot be used: {error.strerror}") from error


def _stop_when_broken(sending: asyncio.Task[None]) -> None:
    """Without webhooks the sandbox is of no use: end, so that whoever watches over it starts it anew."""
    if not sending.cancelled() and sending.exception() is not None:
        logging.getLogger("uvicorn.error").error("webhooks stopped", exc_info=sending.exception())
        signal.raise_signal(signal.SIGTERM)


def _now() -> float:
    return _CLOCK.now().timestamp()
