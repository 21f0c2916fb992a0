"""Looking at the broker's queues for one order leaves every message where it was."""

import asyncio
import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aio_pika
import pytest

from common.messaging import topology
from dev.explain.broker import Broker
from dev.explain.events import Seen
from dev.home import Home
from dev.provision.environments import ServerAddresses
from dev.provision.management import ManagementApi, in_path
from dev.secret_store import SecretStore

TRIED = {"x-attempt": 3, "x-reason": "Unavailable('sales')"}
RETURN_SECONDS = 40.0


def event(order_id: str) -> dict[str, Any]:
    return {"id": f"evt_{order_id}", "type": "order.created", "subject": order_id, "time": "2026-01-01T00:00:00Z"}


@pytest.fixture
def home(servers: ServerAddresses, tmp_path: Path) -> Iterator[Home]:
    """A home whose broker is a virtual host with the topology of two services."""
    name = f"t{uuid.uuid4().hex[:8]}"
    api = ManagementApi(servers.management)
    api.put(f"/api/vhosts/{in_path(name)}", {})
    api.put(f"/api/permissions/{in_path(name)}/{in_path(api.user)}", {"configure": ".*", "write": ".*", "read": ".*"})
    address = urlunsplit(urlsplit(servers.amqp)._replace(path=f"/{name}"))
    asyncio.run(topology.declare_all(address, {"sales": [], "payment": []}))
    made = Home(tmp_path, 65000)
    secrets = SecretStore(made.secrets)
    secrets.put("address.amqp", address)
    secrets.put("address.management", servers.management)
    yield made
    api.delete(f"/api/vhosts/{in_path(name)}")


async def publish(home: Home, exchange: str, order_id: str, headers: dict[str, Any]) -> None:
    async with await aio_pika.connect(SecretStore(home.secrets).get("address.amqp")) as connection:
        channel = await connection.channel()
        target = await channel.get_exchange(exchange)
        await target.publish(aio_pika.Message(json.dumps([event(order_id)]).encode(), headers=headers), "payment")


async def received(home: Home, count: int) -> list[str]:
    """The ids of the events that come into payment's queue, once there are ``count``."""
    async with await aio_pika.connect(SecretStore(home.secrets).get("address.amqp")) as connection:
        queue = await (await connection.channel()).get_queue("payment")
        found: list[str] = []
        until = time.monotonic() + RETURN_SECONDS
        while len(found) < count and time.monotonic() < until:
            if (message := await queue.get(fail=False, timeout=10)) is not None:
                await message.ack()
                found += [each["id"] for each in json.loads(message.body)]
        return found


class TestLook:
    def test_tells_what_is_tried_again_and_lets_it_return(self, home: Home) -> None:
        for order_id in ("ord_1", "ord_2"):
            asyncio.run(publish(home, topology.retry_exchange(5), order_id, TRIED))
        found = Broker(home).look(["payment"], {"evt_ord_1"}, "ord_1")
        assert [(each["service"], each["id"], each["attempts"]) for each in found.retrying] == [
            ("payment", "evt_ord_1", 3)
        ]
        assert found.queues["payment"].consumers == 0
        assert sorted(asyncio.run(received(home, 2))) == ["evt_ord_1", "evt_ord_2"]

    def test_tells_the_dead_of_this_order_alone(self, home: Home) -> None:
        for order_id in ("ord_1", "ord_2"):
            asyncio.run(publish(home, topology.DEAD, order_id, {"x-attempt": 5, "x-reason": "no"}))
        broker = Broker(home)
        assert [each["id"] for each in broker.look(["payment"], set(), "ord_1").dead] == ["evt_ord_1"]
        assert [each["id"] for each in broker.replay(["payment"], set(), "ord_1")] == ["evt_ord_1"]
        assert asyncio.run(received(home, 1)) == ["evt_ord_1"]
        assert [each["id"] for each in broker.look(["payment"], set(), "ord_2").dead] == ["evt_ord_2"]


class TestSend:
    def test_reaches_the_named_service_as_it_was_stored(self, home: Home) -> None:
        Broker(home).send([("payment", Seen(event("ord_1"), "sales", None))])
        assert asyncio.run(received(home, 1)) == ["evt_ord_1"]
