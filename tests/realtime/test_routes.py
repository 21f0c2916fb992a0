"""Tickets and sockets on the real broker and database."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from common.events.identity import SessionRevoked
from common.ids import new_id
from common.testing import Infrastructure
from tests.realtime import samples
from tests.realtime.conftest import Live, Socket, serve

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def closed_with(socket: Socket) -> int | None:
    """The code with which the service closes."""
    async with asyncio.timeout(10):
        with pytest.raises(ConnectionClosed):
            while True:
                await socket.connection.recv()
    return socket.connection.close_code


async def heard(socket: Socket, count: int) -> list[tuple[str, str]]:
    """The next events as (channel, event id)."""
    frames = [await socket.hear() for _ in range(count)]
    assert all(frame["type"] == "event" for frame in frames), frames
    return [(frame["channel"], frame["event"]["id"]) for frame in frames]


class TestTicket:
    async def test_opens_one_socket_and_no_second(self, live: Live) -> None:
        company = new_id("cmp")
        async with live.harness.user("shop_staff", company) as user:
            answer = await user.post("/api/realtime/tickets", headers={"x-forwarded-host": "acme.localhost:8000"})
        body = answer.json()
        assert (answer.status_code, body["expiresIn"]) == (201, 30)
        assert body["url"] == f"ws://acme.localhost:8000/ws?ticket={body['ticket']}"
        async with live.redeem(body["ticket"]) as socket:
            await socket.say(type="ping")
            assert await socket.hear() == {"type": "pong"}
            async with live.redeem(body["ticket"]) as second:
                assert await closed_with(second) == 4401

    async def test_is_stored_as_a_hash(self, live: Live) -> None:
        ticket = await live.ticket("shop_staff", new_id("cmp"))
        stored = [document async for document in live.harness.runtime.database["tickets"].find({})]
        assert stored
        assert ticket not in str(stored)

    async def test_ends_after_half_a_minute(self, live: Live) -> None:
        ticket = await live.ticket("shop_staff", new_id("cmp"))
        tickets = live.harness.runtime.database["tickets"]
        held = await tickets.find_one({"holder.role": "shop_staff"}, sort=[("expiresAt", -1)])
        now = live.harness.runtime.clock.now()
        assert 25 < (held["expiresAt"] - now).total_seconds() <= 30
        await tickets.update_one({"_id": held["_id"]}, {"$set": {"expiresAt": now}})
        async with live.redeem(ticket) as socket:
            assert await closed_with(socket) == 4401

    async def test_is_for_those_who_are_signed_in(self, live: Live) -> None:
        async with live.harness.client(tenant=new_id("cmp")) as anonymous:
            assert (await anonymous.post("/api/realtime/tickets")).status_code == 401
        async with live.redeem("unknown") as socket:
            assert await closed_with(socket) == 4401


class TestSubscribe:
    async def test_delivers_each_event_to_its_channels_once(self, live: Live) -> None:
        company, order = new_id("cmp"), new_id("ord")
        live.sales.orders[order] = {"customerId": None, "shopId": None}
        async with live.socket("company_admin", company) as socket:
            answer = await socket.subscribe("orders", "inventory", "dashboard", "alerts", f"order:{order}")
            assert (answer["type"], answer["refused"]) == ("subscribed", [])
            confirmed = await live.harness.publish(samples.confirmed(order), company, times=3)
            stock = await live.harness.publish(samples.adjusted(), company)
            alert = await live.harness.publish(samples.alerted(), company)
            assert sorted(await heard(socket, 5)) == sorted(
                [
                    ("orders", confirmed),
                    (f"order:{order}", confirmed),
                    ("dashboard", confirmed),
                    ("inventory", stock),
                    ("alerts", alert),
                ]
            )

    async def test_hides_other_companies(self, live: Live) -> None:
        company = new_id("cmp")
        async with live.socket("company_admin", company) as socket:
            await socket.subscribe("orders")
            await live.harness.publish(samples.confirmed(), new_id("cmp"))
            own = await live.harness.publish(samples.confirmed(), company)
            assert await heard(socket, 1) == [("orders", own)]

    async def test_shows_staff_their_shops_only(self, live: Live) -> None:
        company = new_id("cmp")
        async with live.socket("shop_manager", company, shop_ids=["shp_a"]) as socket:
            await socket.subscribe("orders")
            await live.harness.publish(samples.confirmed(shop_id="shp_b"), company)
            await live.harness.publish(samples.confirmed(), company)
            own = await live.harness.publish(samples.confirmed(shop_id="shp_a"), company)
            assert await heard(socket, 1) == [("orders", own)]

    async def test_gives_customers_their_own_orders_only(self, live: Live) -> None:
        company, own, foreign = new_id("cmp"), new_id("ord"), new_id("ord")
        live.sales.orders |= {own: {"customerId": "cus_1"}, foreign: {"customerId": "cus_2"}}
        async with live.socket("customer", company, customer_id="cus_1") as socket:
            wanted = ["orders", f"order:{own}", f"order:{foreign}", f"order:{new_id('ord')}", "weather"]
            answer = await socket.subscribe(*wanted)
            assert answer["channels"] == [f"order:{own}"]
            assert [each["code"] for each in answer["refused"]] == [
                "permission_denied",
                "not_found",
                "not_found",
                "unknown_channel",
            ]
            await live.harness.publish(samples.moved(foreign), company)
            event = await live.harness.publish(samples.paid(own), company)
            assert await heard(socket, 1) == [(f"order:{own}", event)]

    async def test_gives_customers_of_the_platform_their_own_orders(self, live: Live) -> None:
        company, own, foreign = new_id("cmp"), new_id("ord"), new_id("ord")
        live.sales.orders |= {
            own: {"customerId": "cus_1", "customerUserId": "usr_1"},
            foreign: {"customerId": "cus_2", "customerUserId": "usr_2"},
        }
        claims = {"tenant": company, "user_id": "usr_1"}
        async with live.socket("customer", None, **claims) as socket:
            answer = await socket.subscribe(f"order:{own}", f"order:{foreign}")
        assert answer["channels"] == [f"order:{own}"]

    async def test_refuses_only_the_channel_that_cannot_be_checked(self, live: Live) -> None:
        live.sales.is_down = True
        async with live.socket("company_admin", new_id("cmp")) as socket:
            answer = await socket.subscribe("orders", "order:ord_1")
        live.sales.is_down = False
        assert answer["channels"] == ["orders"]
        assert answer["refused"] == [{"channel": "order:ord_1", "code": "unavailable"}]

    async def test_stops_after_unsubscribing(self, live: Live) -> None:
        company = new_id("cmp")
        async with live.socket("company_admin", company) as socket:
            await socket.subscribe("orders", "inventory")
            await socket.say(type="unsubscribe", channels=["orders"])
            assert await socket.hear() == {"type": "unsubscribed", "channels": ["orders"]}
            await live.harness.publish(samples.confirmed(), company)
            stock = await live.harness.publish(samples.adjusted(), company)
            assert await heard(socket, 1) == [("inventory", stock)]

    @pytest.mark.parametrize("frame", ["{", "[]", '{"type":"shout"}', '{"type":"subscribe","channels":[]}'])
    async def test_answers_what_it_cannot_read_and_goes_on(self, live: Live, frame: str) -> None:
        async with live.socket("company_admin", new_id("cmp")) as socket:
            await socket.connection.send(frame)
            assert await socket.hear() == {"type": "error", "code": "invalid_frame"}
            assert (await socket.subscribe("orders"))["channels"] == ["orders"]


class TestResume:
    async def test_continues_without_gap_or_repeat_while_events_arrive(self, live: Live) -> None:
        company = new_id("cmp")
        async with live.socket("company_admin", company) as socket:
            cursor = (await socket.subscribe("orders"))["cursor"]
        sent: list[str] = []

        async def trade(count: int) -> None:
            for _ in range(count):
                await live.harness.publish(samples.adjusted(), company)
                sent.append(await live.harness.publish(samples.confirmed(), company))

        await trade(120)
        got: list[str] = []
        for _ in range(3):
            trading = asyncio.create_task(trade(40))
            async with live.socket("company_admin", company) as socket:
                await socket.say(type="resume", cursor=cursor, channels=["orders"])
                assert (await socket.hear())["type"] == "subscribed"
                for _ in range(60):
                    frame = await socket.hear()
                    cursor = frame["cursor"]
                    got.append(frame["event"]["id"])
            await trading
        async with live.socket("company_admin", company) as socket:
            await socket.say(type="resume", cursor=cursor, channels=["orders"])
            await socket.hear()
            got += [event for _, event in await heard(socket, len(sent) - len(got))]
        assert got == sent

    async def test_continues_from_the_cursor_of_the_subscription(self, live: Live) -> None:
        company = new_id("cmp")
        async with live.socket("company_admin", company) as socket:
            cursor = (await socket.subscribe("orders"))["cursor"]
        missed = await live.harness.publish(samples.confirmed(), company)
        await live.harness.events.wait_for("order.confirmed", lambda event: event.id == missed)
        async with live.socket("company_admin", company) as socket:
            await socket.say(type="resume", cursor=cursor, channels=["orders"])
            assert (await socket.hear())["channels"] == ["orders"]
            assert await heard(socket, 1) == [("orders", missed)]

    async def test_hides_what_the_permissions_hide(self, live: Live) -> None:
        company = new_id("cmp")
        async with live.socket("company_admin", company) as socket:
            cursor = (await socket.subscribe("orders"))["cursor"]
        await live.harness.publish(samples.confirmed(), new_id("cmp"))
        await live.harness.publish(samples.confirmed(shop_id="shp_b"), company)
        own = await live.harness.publish(samples.confirmed(shop_id="shp_a"), company)
        async with live.socket("shop_manager", company, shop_ids=["shp_a"]) as socket:
            await socket.say(type="resume", cursor=cursor, channels=["orders", "weather"])
            assert len((await socket.hear())["refused"]) == 1
            assert await heard(socket, 1) == [("orders", own)]

    @pytest.mark.parametrize("change", ["another epoch", "the future", "nonsense"])
    async def test_says_when_the_cursor_leads_nowhere(self, live: Live, change: str) -> None:
        company = new_id("cmp")
        await live.harness.publish(samples.confirmed(), company)
        async with live.socket("company_admin", company) as socket:
            epoch, offset, index = (await socket.subscribe("orders"))["cursor"].split(".")
        cursor = {
            "another epoch": f"{epoch[::-1]}.{offset}.{index}",
            "the future": f"{epoch}.{int(offset) + 100_000}.0",
            "nonsense": "nonsense",
        }[change]
        async with live.socket("company_admin", company) as socket:
            await socket.say(type="resume", cursor=cursor, channels=["orders"])
            assert await socket.hear() == {"type": "error", "code": "cursor_expired"}
            assert (await socket.subscribe("orders"))["channels"] == ["orders"]

    async def test_is_the_first_frame_or_none(self, live: Live) -> None:
        async with live.socket("company_admin", new_id("cmp")) as socket:
            cursor = (await socket.subscribe("orders"))["cursor"]
            await socket.say(type="resume", cursor=cursor, channels=["orders"])
            assert await socket.hear() == {"type": "error", "code": "invalid_frame"}


class TestResumeFromTheStream(TestResume):
    """The same, where nothing is remembered: each reads the stream."""

    @pytest_asyncio.fixture(loop_scope="module")
    async def live(self, infrastructure: Infrastructure) -> AsyncIterator[Live]:
        async with serve(infrastructure, MARKETHALL_RECENT_BYTES="0") as served:
            yield served


class TestEnd:
    async def test_closes_within_five_seconds_of_a_revocation(self, live: Live) -> None:
        company, user, session = new_id("cmp"), new_id("usr"), new_id("ses")
        async with live.socket("company_admin", company, user_id=user, session_id=session) as socket:
            await socket.subscribe("orders")
            revoked = SessionRevoked(
                user_id=user, session_id=session, revoked_before=int(time.time()), reason="signed_out"
            )
            started = time.monotonic()
            await live.harness.publish(revoked, None)
            assert await closed_with(socket) == 4401
            assert time.monotonic() - started < 5

    async def test_closes_what_a_missed_announcement_revoked(self, live: Live) -> None:
        company, session = new_id("cmp"), new_id("ses")
        async with live.socket("company_admin", company, session_id=session) as socket:
            await socket.subscribe("orders")
            live.harness.runtime.revocations._revoke("somebody", session, 0)
            assert await closed_with(socket) == 4401

    async def test_cuts_off_a_client_that_does_not_read(self, infrastructure: Infrastructure) -> None:
        async with serve(infrastructure, MARKETHALL_QUEUE_FRAMES="20") as live:
            company = new_id("cmp")
            ticket = await live.ticket("company_admin", company)
            options: dict[str, Any] = {"max_queue": 1, "compression": None}
            async with live.redeem(ticket, **options) as socket:
                await socket.subscribe("orders")
                listener = next(iter(live.harness.service._open))
                large = samples.confirmed().model_copy(update={"number": "x" * 200_000})
                async with asyncio.timeout(20):
                    while not listener.ending.done():
                        await live.harness.publish(large, company)
                assert await closed_with(socket) == 4408
