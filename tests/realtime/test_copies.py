"""Two copies of the service: a ticket of one opens a socket at the other, and a cursor leads on there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aio_pika
import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from common.ids import new_id
from common.messaging.topology import EVENTS
from common.testing import Infrastructure
from tests.realtime import samples
from tests.realtime.conftest import Live, serve
from tests.realtime.test_routes import closed_with

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other(infrastructure: Infrastructure) -> AsyncIterator[Live]:
    async with serve(infrastructure) as served:
        yield served


class TestTicket:
    async def test_of_one_copy_opens_a_socket_at_the_other_once(self, live: Live, other: Live) -> None:
        ticket = await live.ticket("company_admin", new_id("cmp"))
        async with other.redeem(ticket) as socket:
            assert (await socket.subscribe("orders"))["channels"] == ["orders"]
            async with live.redeem(ticket) as second:
                assert await closed_with(second) == 4401

    async def test_used_at_both_at_once_opens_one(self, live: Live, other: Live) -> None:
        ticket = await live.ticket("company_admin", new_id("cmp"))

        async def admits(copy: Live) -> bool:
            async with copy.redeem(ticket) as socket:
                try:
                    return (await socket.subscribe("orders"))["type"] == "subscribed"
                except ConnectionClosed:
                    return False

        admitted = await asyncio.gather(*(admits(copy) for copy in (live, other, live, other)))
        assert sorted(admitted) == [False, False, False, True]


class TestPoison:
    @pytest.mark.parametrize("body", [b"no JSON", b'{"no": "batch"}', b'["no event", 7, null, {"type": 1}]'])
    async def test_in_the_past_keeps_no_copy_from_coming_up_and_no_cursor_from_leading_on(
        self, infrastructure: Infrastructure, live: Live, body: bytes
    ) -> None:
        company = new_id("cmp")
        async with live.socket("company_admin", company) as socket:
            cursor = (await socket.subscribe("orders"))["cursor"]
            first = await live.harness.publish(samples.confirmed(), company)
            assert (await socket.hear())["event"]["id"] == first
        connection = await aio_pika.connect(infrastructure.amqp_url)
        async with connection, connection.channel() as channel:
            await (await channel.get_exchange(EVENTS)).publish(aio_pika.Message(body), "order.confirmed")
        async with serve(infrastructure) as fresh, fresh.socket("company_admin", company) as socket:
            await socket.say(type="resume", cursor=cursor, channels=["orders"])
            assert (await socket.hear())["type"] == "subscribed"
            assert (await socket.hear())["event"]["id"] == first
            second = await live.harness.publish(samples.confirmed(), company)
            assert (await socket.hear())["event"]["id"] == second


class TestResume:
    async def test_goes_on_at_the_other_copy_when_one_falls(self, infrastructure: Infrastructure, live: Live) -> None:
        """While orders come in, the copy that a client listens to ends; at the other it misses and repeats nothing."""
        company, total = new_id("cmp"), 150
        sent: list[str] = []

        async def trade() -> None:
            for _ in range(total):
                sent.append(await live.harness.publish(samples.confirmed(), company))

        got: list[str] = []
        async with AsyncExitStack() as first_copy:
            falling = await first_copy.enter_async_context(serve(infrastructure))
            socket = await first_copy.enter_async_context(falling.socket("company_admin", company))
            cursor = (await socket.subscribe("orders"))["cursor"]
            trading = asyncio.create_task(trade())
            for _ in range(20):
                frame = await socket.hear()
                cursor = frame["cursor"]
                got.append(frame["event"]["id"])
        async with live.socket("company_admin", company) as socket:
            await socket.say(type="resume", cursor=cursor, channels=["orders"])
            assert (await socket.hear())["type"] == "subscribed"
            while len(got) < total:
                got.append((await socket.hear())["event"]["id"])
        await trading
        assert got == sent
