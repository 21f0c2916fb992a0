"""The service as a process of its own, killed while it charges: every order is paid once, nothing is lost."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from datetime import timedelta
from typing import Any

import aio_pika
import pymongo
import pytest
from pydantic_core import to_json

from common.clock import SystemClock
from common.context import CallContext
from common.events import EventData, seal
from common.events.orders import OrderCreated
from common.events.stock import InventoryReserved
from common.ids import new_id
from common.messaging.topology import EVENTS, declare_all
from common.money import Money
from common.testing import Harness, Infrastructure, Listener
from services.payment.handlers import HANDLERS

from .conftest import WEBHOOK_SECRET, Sales, Sandbox, free_port, line

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDERS = 60
KILLS_AFTER = (10, 30)
DEADLINE_SECONDS = 120
"""Three starts of a process on a machine that does much else."""


def start(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "common.serve", "payment"], env={**os.environ, **environ})


def events_of(order: str, company: str) -> list[EventData]:
    now = SystemClock().now()
    created = OrderCreated(
        order_id=order,
        number="1",
        channel="web",
        lines=[line(1999)],
        total=Money.of(1999, "GBP"),
        payment_method="card",
        has_payment_token=True,
        placed_at=now,
        deadline_at=now + timedelta(minutes=15),
    )
    return [created, InventoryReserved(order_id=order, lines=[], expires_at=now + timedelta(minutes=15))]


async def place(exchange: Any, sales: Sales, company: str) -> None:
    for _ in range(ORDERS):
        order = new_id("ord")
        sales.tokens[order] = "pm_card_visa"
        for number, data in enumerate(events_of(order, company), 1):
            call = CallContext(correlation_id="req_1", actor="user:test")
            now = SystemClock().now()
            document = seal(data, source=data.PRODUCER, company_id=company, sequence=number, now=now, call=call)
            await exchange.publish(aio_pika.Message(to_json([document])), data.TYPE)


async def test_killed_while_it_charges(
    infrastructure: Infrastructure, sandbox: Sandbox, desk: tuple[Sales, str]
) -> None:
    environ = {
        **Harness("payment", infrastructure).environment(),
        "MARKETHALL_PORT": str(free_port()),
        "MARKETHALL_SERVICE_URL_TEMPLATE": desk[1],
        "STRIPE_API_KEY": f"sk_test_{secrets.token_hex(8)}",
        "STRIPE_API_BASE": sandbox.url,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }
    await declare_all(infrastructure.amqp_url, {"payment": [model.TYPE for model in HANDLERS]})
    sandbox.fault(delayMs=100)
    company, process = new_id("cmp"), start(environ)
    connection = await aio_pika.connect(infrastructure.amqp_url)
    async with connection, Listener(infrastructure.amqp_url) as heard:
        await place(await (await connection.channel()).get_exchange(EVENTS), desk[0], company)
        try:
            for paid in KILLS_AFTER:
                await heard.wait_for("payment.succeeded", count=paid, deadline_seconds=DEADLINE_SECONDS)
                process.send_signal(signal.SIGKILL)
                process.wait()
                process = start(environ)
            await paid_once_each(heard)
        finally:
            process.terminate()
            process.wait()
    check_books(infrastructure, sandbox, company)


async def paid_once_each(heard: Listener) -> None:
    """Wait until every payment has succeeded; one that was killed before its ack may tell it twice."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len({event.data.payment_id for event in heard.heard if event.type == "payment.succeeded"}) < ORDERS:
            await asyncio.sleep(0.05)


def check_books(infrastructure: Infrastructure, sandbox: Sandbox, company: str) -> None:
    """Every order has one payment, one charge at the provider, one posting."""
    intents = sandbox.look("payments", limit="1000")["items"]
    mine = [each["metadata"]["paymentId"] for each in intents if each["metadata"].get("companyId") == company]
    with pymongo.MongoClient[dict[str, Any]](infrastructure.mongo_url) as client:
        database = client[f"{infrastructure.database_prefix}paymentdb"]
        payments = list(database["payments"].find({"companyId": company}))
        postings = list(database["ledger_entries"].find({"companyId": company}))
    assert sorted(mine) == sorted(payment["_id"] for payment in payments)
    assert len({payment["orderId"] for payment in payments}) == len(payments) == len(postings) == ORDERS
    assert {payment["status"] for payment in payments} == {"succeeded"}
    assert sum(entry["lines"][0]["amount"] for entry in postings) == ORDERS * 1999
