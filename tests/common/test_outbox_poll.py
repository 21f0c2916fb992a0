"""The poll behind the relay does not end in silence."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import AsyncMongoClient

from common.clock import SystemClock
from common.messaging.connection import BrokerConnection
from common.messaging.publisher import Publisher
from common.outbox import Outbox

SECONDS = 10.0


class Falling(Outbox):
    """A relay whose poll meets an error that nobody has thought of."""

    async def _poll(self) -> None:
        raise RuntimeError("Lock is not acquired")


class TestPoll:
    async def test_an_error_that_ends_it_ends_the_relay_which_is_then_started_anew(self) -> None:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient("mongodb://127.0.0.1:9")
        publisher = Publisher(BrokerConnection(SecretStr("amqp://127.0.0.1:9"), "nobody"))
        relay = Falling(client["nowhere"], publisher, SystemClock(), "markethall/test")
        try:
            with pytest.raises(RuntimeError, match="Lock"):
                async with asyncio.timeout(SECONDS):
                    await relay.run()
        finally:
            await client.close()
