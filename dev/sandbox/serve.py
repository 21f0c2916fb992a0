"""One process: Stripe's API and the sandbox's own routes over HTTP, and the SMTP server beside them."""

import asyncio
import logging
import os
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from common.clock import SystemClock
from dev.sandbox.callback_faults import CallbackFaults
from dev.sandbox.callbacks import Callback, CallbackSender
from dev.sandbox.cardholder import Cardholder
from dev.sandbox.connection import BreakableProtocol
from dev.sandbox.faults import FaultBoard
from dev.sandbox.fcm.api import FcmApi
from dev.sandbox.inspection import Inspection
from dev.sandbox.mailbox import Mailbox
from dev.sandbox.paypal.access import Client
from dev.sandbox.paypal.api import PayPalApi
from dev.sandbox.paypal.buyer import Buyer
from dev.sandbox.paypal.sending import next_review, settle_reviews, signed_headers
from dev.sandbox.paypal.signing import load_signer
from dev.sandbox.paypal.webhooks import put_fixed as put_fixed_webhook
from dev.sandbox.rules import RuleBoard
from dev.sandbox.settings import Settings, SettingsRefused, read_settings
from dev.sandbox.smtp import start_smtp
from dev.sandbox.storage import Storage
from dev.sandbox.stripe.api import StripeApi
from dev.sandbox.stripe.webhook_endpoints import put_fixed
from dev.sandbox.stripe.webhooks import Dispatcher
from dev.sandbox.twilio.api import TwilioApi
from dev.sandbox.twilio.api import signed_headers as signed_twilio
from dev.sandbox.twilio.texts import next_step, take_steps
from dev.sandbox.wire import FaultyWire

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
    faults, rules = FaultBoard(storage), RuleBoard()
    mailbox = Mailbox(storage, now=_now)
    dispatcher = Dispatcher(storage, faults, rules, now=_now, public_url=settings.public_url)
    stripe = StripeApi(storage, faults, now=_now, public_url=settings.public_url, on_announced=dispatcher.wake)
    sender = _callback_sender(storage, settings, rules)

    def wake() -> None:
        dispatcher.wake()
        sender.wake()

    inspection = Inspection(storage=storage, mailbox=mailbox, faults=faults, rules=rules, wake=wake)
    cardholder = Cardholder(storage=storage, now=_now, public_url=settings.public_url, wake=dispatcher.wake)

    paypal = _paypal(storage, settings, sender)
    twilio = TwilioApi(storage=storage, now=_now, own=settings.twilio, wake=sender.wake)
    fcm = FcmApi(storage=storage, now=_now, account=settings.firebase)
    buyer = Buyer(storage=storage, now=_now, public_url=settings.public_url, wake=sender.wake)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await storage.open()
        await storage.run(lambda db: put_fixed(db, settings.endpoint, _now()))
        await storage.run(lambda db: put_fixed_webhook(db, settings.paypal, _now()))
        await faults.load()
        smtp = await start_smtp(mailbox, smtp_socket, rules)
        sending = [asyncio.create_task(dispatcher.run()), asyncio.create_task(sender.run())]
        for task in sending:
            task.add_done_callback(_stop_when_broken)
        try:
            yield
        finally:
            smtp.close()
            for task in sending:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await storage.close()

    # Stripe has the rest of /v1: whoever shares it stands before it.
    speaking = (paypal, buyer, twilio, fcm, inspection, cardholder)
    routes = [*(route for each in speaking for route in each.routes()), Mount("/v1", stripe)]
    wire = Middleware(FaultyWire, rules=rules)
    return Starlette(routes=routes, lifespan=lifespan, middleware=[wire])


def _paypal(storage: Storage, settings: Settings, sender: CallbackSender) -> PayPalApi:
    client_id, secret = settings.paypal.client_id, settings.paypal.client_secret
    client = Client(client_id, secret) if client_id and secret else None
    return PayPalApi(storage=storage, now=_now, public_url=settings.public_url, client=client, wake=sender.wake)


def _callback_sender(storage: Storage, settings: Settings, rules: RuleBoard) -> CallbackSender:
    async def paypal(callback: Callback) -> Mapping[str, str]:
        signer = await storage.run(load_signer)
        return signed_headers(signer, callback, now=_now(), public_url=settings.public_url)

    async def twilio(callback: Callback) -> Mapping[str, str]:
        return await storage.run(lambda db: signed_twilio(db, callback, settings.twilio))

    def settle(db: sqlite3.Connection, now: float) -> None:
        settle_reviews(db, now, settings.public_url)
        take_steps(db, now)

    def next_settlement(db: sqlite3.Connection) -> float | None:
        return min((at for at in (next_review(db), next_step(db)) if at is not None), default=None)

    return CallbackSender(
        storage,
        now=_now,
        faults=CallbackFaults(rules),
        shortcut=settings.shortcut,
        signers={"paypal": paypal, "twilio": twilio},
        settle=settle,
        next_settlement=next_settlement,
    )


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
