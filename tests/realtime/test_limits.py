"""What one client may cost: frames, channels, sockets, silence, and not reading."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from common.ids import new_id
from common.testing import Infrastructure
from tests.realtime import samples
from tests.realtime.conftest import Live, serve
from tests.realtime.test_routes import closed_with, heard

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestFrames:
    async def test_that_say_nothing_end_the_socket_after_some(self, live: Live) -> None:
        async with live.socket("company_admin", new_id("cmp")) as socket:
            for _ in range(9):
                await socket.connection.send("{")
                assert await socket.hear() == {"type": "error", "code": "invalid_frame"}
            await socket.say(type="ping")
            assert await socket.hear() == {"type": "pong"}
            for _ in range(10):
                await socket.connection.send(b"\x00\xff")
            assert await closed_with(socket) == 1008

    async def test_are_bounded_in_size(self, live: Live) -> None:
        async with live.socket("company_admin", new_id("cmp")) as socket:
            await socket.say(type="subscribe", channels=["orders", "x" * 70_000])
            assert await socket.hear() == {"type": "error", "code": "invalid_frame"}

    async def test_name_so_many_channels_and_no_more(self, live: Live) -> None:
        async with live.socket("company_admin", new_id("cmp")) as socket:
            live.sales.orders |= {f"ord_{number}": {"customerId": None, "shopId": None} for number in range(300)}
            answers = []
            for start in (0, 100, 200):
                answers.append(await socket.subscribe(*(f"order:ord_{start + number}" for number in range(100))))
        assert [len(answer["channels"]) for answer in answers] == [100, 100, 0]
        assert {each["code"] for each in answers[2]["refused"]} == {"too_many_channels"}


class TestSockets:
    async def test_of_one_account_are_limited(self, infrastructure: Infrastructure) -> None:
        async with serve(infrastructure, MARKETHALL_SOCKETS_AN_ACCOUNT="2") as live, AsyncExitStack() as opened:
            company, user = new_id("cmp"), new_id("usr")
            for _ in range(2):
                socket = await opened.enter_async_context(live.socket("company_admin", company, user_id=user))
                await socket.subscribe("orders")
            async with live.socket("company_admin", company, user_id=user) as third:
                assert await closed_with(third) == 4429
            async with live.socket("company_admin", company) as colleague:
                assert (await colleague.subscribe("orders"))["channels"] == ["orders"]

    async def test_that_listen_to_nothing_do_not_stay(self, infrastructure: Infrastructure) -> None:
        async with serve(infrastructure, MARKETHALL_IDLE_SECONDS="0.5") as live, AsyncExitStack() as opened:
            listening = await opened.enter_async_context(live.socket("company_admin", new_id("cmp")))
            await listening.subscribe("orders")
            silent = await opened.enter_async_context(live.socket("company_admin", new_id("cmp")))
            assert await closed_with(silent) == 4409
            await listening.say(type="ping")
            assert await listening.hear() == {"type": "pong"}


class TestStalled:
    async def test_client_is_cut_off_while_others_hear_everything(self, infrastructure: Infrastructure) -> None:
        """One of twenty stops reading: it is let go within 10 s, and each of the others hears each event."""
        async with serve(infrastructure) as live, AsyncExitStack() as opened:
            company = new_id("cmp")
            stalled = await opened.enter_async_context(
                live.redeem(await live.ticket("company_admin", company), max_queue=1, compression=None)
            )
            others = [await opened.enter_async_context(live.socket("company_admin", company)) for _ in range(19)]
            for socket in (stalled, *others):
                await socket.subscribe("orders")
            stalled.connection.transport.pause_reading()
            large = samples.confirmed().model_copy(update={"number": "x" * 300_000})
            begun = time.monotonic()
            sent = [await live.harness.publish(large, company) for _ in range(30)]
            for socket in others:
                assert await heard(socket, len(sent)) == [("orders", event) for event in sent]
            open_sockets = live.harness.service._open
            async with asyncio.timeout(10 - (time.monotonic() - begun)):
                while len(open_sockets) > len(others):
                    await asyncio.sleep(0.05)
            last = await live.harness.publish(samples.confirmed(), company)
            for socket in others:
                assert await heard(socket, 1) == [("orders", last)]

    async def test_client_hears_why_once_it_reads_again(self, infrastructure: Infrastructure) -> None:
        quickly = {"MARKETHALL_SEND_SECONDS": "0.5", "MARKETHALL_QUEUE_BYTES": "100000000"}
        async with serve(infrastructure, **quickly) as live:
            company = new_id("cmp")
            ticket = await live.ticket("company_admin", company)
            async with live.redeem(ticket, max_queue=1, compression=None) as socket:
                await socket.subscribe("orders")
                listener = next(iter(live.harness.service._open))
                large = samples.confirmed().model_copy(update={"number": "x" * 300_000})
                for _ in range(60):
                    await live.harness.publish(large, company)
                async with asyncio.timeout(10):
                    while not listener.ending.done():
                        await asyncio.sleep(0.05)
                assert await closed_with(socket) == 4408
