"""What realtime asks of others: whose order it is, whose pages may call, where the feed ends, what stood in it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aio_pika.abc import AbstractIncomingMessage
from pydantic_core import from_json

from common.clients import CallRefused, ServiceClients
from common.errors import NotFound, Unavailable
from common.messaging.connection import BrokerConnection
from common.messaging.topology import FEED_PREFIX
from services.realtime.domain.cursors import BEFORE_THE_FIRST, Place

TAIL_SECONDS = 1.0
QUIET_SECONDS = 0.2
STALLED_SECONDS = 10.0
PREFETCH = 200


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """Who may follow an order."""

    customer_id: str | None
    shop_id: str | None
    customer_user_id: str | None = None


class Orders:
    """Orders, as sales tells them."""

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients

    async def find(self, company_id: str, order_id: str) -> OrderFacts | None:
        """The facts of a company's order, or None. Raises Unavailable."""
        try:
            told = await self._clients.get("sales", f"/internal/orders/{order_id}", tenant=company_id)
        except NotFound:
            return None
        except CallRefused as error:
            raise Unavailable("The sales service refused the question.") from error
        return OrderFacts(told.get("customerId"), told.get("shopId"), told.get("customerUserId"))


class Companies:
    """Companies, as the company service tells them."""

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients

    async def find(self, company_id: str) -> dict[str, Any] | None:
        """Which origins a company allows, with the sequence of that, or None. Raises Unavailable."""
        try:
            told = await self._clients.get("company", f"/internal/companies/{company_id}", tenant=company_id)
        except NotFound:
            return None
        except CallRefused as error:
            raise Unavailable("The company service refused the question.") from error
        return {"allowedOrigins": told["settings"].get("allowedOrigins", []), "sequence": told["sequence"]}


class FeedStalled(Exception):
    """The stream delivered nothing where there should be something."""


class FeedHistory:
    """Reads the stream of the past, on channels of its own."""

    def __init__(self, connection: BrokerConnection) -> None:
        self._connection = connection

    async def end(self, epoch: str) -> Place:
        """The place of the last event right now. Raises one of BROKER_ERRORS."""
        last = BEFORE_THE_FIRST
        async with self._consuming(epoch, "last") as messages:
            wait, until = TAIL_SECONDS, asyncio.get_running_loop().time() + TAIL_SECONDS
            while wait > 0:
                try:
                    async with asyncio.timeout(wait):
                        message = await messages.get()
                except TimeoutError:
                    break
                last = Place(offset_of(message), max(len(documents_of(message)) - 1, 0))
                wait = min(QUIET_SECONDS, until - asyncio.get_running_loop().time())
        return last

    async def messages(self, epoch: str, offset: int) -> AsyncGenerator[tuple[int, list[Any]], None]:
        """The messages from ``offset`` on, each with its offset, without end. Raises FeedStalled."""
        async with self._consuming(epoch, offset) as messages:
            while True:
                try:
                    async with asyncio.timeout(STALLED_SECONDS):
                        message = await messages.get()
                except TimeoutError as error:
                    raise FeedStalled(epoch) from error
                yield offset_of(message), documents_of(message)
                await message.ack()

    @asynccontextmanager
    async def _consuming(self, epoch: str, start: str | int) -> AsyncIterator[asyncio.Queue[AbstractIncomingMessage]]:
        channel = await self._connection.channel(confirms=False)
        try:
            await channel.set_qos(prefetch_count=PREFETCH)
            queue = await channel.get_queue(FEED_PREFIX + epoch, ensure=False)
            messages: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
            await queue.consume(messages.put, arguments={"x-stream-offset": start})
            yield messages
        finally:
            await channel.close()


def documents_of(message: AbstractIncomingMessage) -> list[Any]:
    """What stands in the message; nothing where that is no batch, which the live feed lays aside."""
    try:
        documents = from_json(message.body)
    except ValueError:
        return []
    return documents if isinstance(documents, list) else []


def offset_of(message: AbstractIncomingMessage) -> int:
    """The message's offset in its stream."""
    return int(str(message.headers["x-stream-offset"]))
