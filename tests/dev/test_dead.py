"""Dead letters are listed without loss and sent again."""

import json
import uuid
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import aio_pika
import pytest

from common.messaging import topology
from dev.dead import collect, describe
from dev.provision.environments import ServerAddresses
from dev.provision.management import ManagementApi, in_path

EVENT = {"id": "evt_1", "type": "order.created", "time": "2026-01-01T00:00:00Z", "subject": "ord_1"}


@pytest.fixture
async def amqp_url(servers: ServerAddresses) -> AsyncIterator[str]:
    """A virtual host with the topology of two services and one dead letter of sales."""
    name = f"t{uuid.uuid4().hex[:8]}"
    api = ManagementApi(servers.management)
    api.put(f"/api/vhosts/{in_path(name)}", {})
    api.put(f"/api/permissions/{in_path(name)}/{in_path(api.user)}", {"configure": ".*", "write": ".*", "read": ".*"})
    address = urlunsplit(urlsplit(servers.amqp)._replace(path=f"/{name}"))
    await topology.declare_all(address, {"sales": [], "payment": []})
    async with await aio_pika.connect(address) as connection:
        channel = await connection.channel()
        message = aio_pika.Message(
            json.dumps([EVENT]).encode(), headers={"x-attempt": 5, "x-reason": "ValueError('no')"}
        )
        await channel.default_exchange.publish(message, topology.dead_queue("sales"))
    yield address
    api.delete(f"/api/vhosts/{in_path(name)}")


class TestList:
    async def test_it_tells_what_failed_and_keeps_it(self, amqp_url: str) -> None:
        first = await collect(amqp_url, ["sales", "payment", "audit"], replay=False)
        again = await collect(amqp_url, ["sales"], replay=False)
        assert first == again == [{"service": "sales", "reason": "ValueError('no')", "attempts": 5, **EVENT}]

    def test_a_body_that_is_no_event_is_told_too(self) -> None:
        assert describe("sales", b"\xff", {}) == [
            {"service": "sales", "reason": "not given", "attempts": 0, "id": None, "type": None, "time": None}
        ]

    def test_a_batch_of_what_are_no_events_is_told_too(self) -> None:
        [told] = describe("sales", b"[1]", {"x-reason": "ValueError('no')", "x-attempt": "often"})
        assert (told["reason"], told["attempts"], told["id"]) == ("ValueError('no')", 0, None)


class TestReplay:
    async def test_it_arrives_as_a_first_attempt_and_is_dead_no_more(self, amqp_url: str) -> None:
        assert len(await collect(amqp_url, ["sales"], replay=True)) == 1
        assert await collect(amqp_url, ["sales"], replay=False) == []
        async with await aio_pika.connect(amqp_url) as connection:
            channel = await connection.channel()
            queue = await channel.get_queue("sales")
            message = await queue.get(timeout=10)
            assert message is not None
            assert (json.loads(message.body), "x-attempt" in message.headers) == ([EVENT], False)
            await message.ack()
