"""The hub and its listeners, without a broker."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from pydantic_core import from_json

from common.context import CallContext
from common.events import EventData, seal, unseal
from common.identity.permissions import permissions_of
from common.identity.principal import Principal
from common.messaging.feed import FeedBatch, FeedEvent
from common.messaging.positions import FeedPosition
from services.realtime.clients import FeedHistory, Orders
from services.realtime.domain.cursors import BEFORE_THE_FIRST, Place
from services.realtime.domain.frames import SLOW
from services.realtime.service.access import Access
from services.realtime.service.hub import Hub
from services.realtime.service.listeners import Holder, Listener
from services.realtime.service.recent import Recent
from services.realtime.service.session import Session
from tests.realtime import samples


class History(FeedHistory):
    """A feed that ends at a given place; ``past`` is what its last message holds."""

    def __init__(self, end: Place, *past: dict[str, Any]) -> None:
        self.ends = end
        self.past = list(past)

    async def end(self, epoch: str) -> Place:
        return self.ends

    async def messages(self, epoch: str, offset: int) -> AsyncGenerator[tuple[int, list[dict[str, Any]]], None]:
        yield self.ends.offset, self.past


def batch(offset: int, *events: dict[str, Any], epoch: str = "e1") -> FeedBatch:
    read = [FeedEvent(offset, index, document, unseal(document)) for index, document in enumerate(events)]
    return FeedBatch(read, FeedPosition(epoch, offset), 0)


def document(data: EventData, company_id: str = "cmp_1") -> dict[str, Any]:
    call = CallContext(correlation_id="req_1")
    return seal(data, source="x", company_id=company_id, sequence=1, now=samples.NOW, call=call)


def listener(queue_frames: int = 10, queue_bytes: int = 1_000_000) -> Listener:
    who = Principal("user", "usr_1", "company_admin", permissions_of("company_admin"), "cmp_1", "cmp_1")
    return Listener(Holder(who, 0), queue_frames, queue_bytes)


class TestHub:
    async def test_hands_on_nothing_twice_that_an_empty_broker_is_sent_again(self) -> None:
        hub, hearing = Hub(History(BEFORE_THE_FIRST)), listener()
        await hub.load("realtime", "e1")
        hub.join(hearing, ["orders"])
        old, new = document(samples.confirmed()), document(samples.confirmed())
        await hub.take(batch(0, old))
        await hub.load("realtime", "e2")
        await hub.take(batch(0, old, new, epoch="e2"))
        frames = [from_json(await hearing.next()) for _ in range(2)]
        assert [frame["event"]["id"] for frame in frames] == [old["id"], new["id"]]
        assert frames[1]["cursor"] == "e2.0.1"

    async def test_begins_behind_the_last_event(self) -> None:
        hub = Hub(History(Place(41, 2)))
        assert hub.cursor is None
        assert await hub.load("realtime", "e1") == 41
        assert hub.cursor == "e1.41.2"

    async def test_reads_an_empty_feed_from_its_start(self) -> None:
        hub = Hub(History(BEFORE_THE_FIRST))
        assert await hub.load("realtime", "e1") is None
        assert hub.cursor == "e1.0.-1"

    async def test_stays_where_it_is_when_it_attaches_again(self) -> None:
        hub = Hub(History(Place(1, 0)))
        await hub.load("realtime", "e1")
        await hub.take(batch(7, document(samples.adjusted())))
        assert await hub.load("realtime", "e1") == 7
        assert await hub.load("realtime", "e2") == 1

    async def test_hands_an_event_on_once_however_often_it_was_sent(self) -> None:
        hub, heard, event = Hub(History(Place(1, 0))), listener(), document(samples.adjusted())
        await hub.load("realtime", "e1")
        hub.join(heard, ["inventory"])
        for offset in (2, 2, 3):
            await hub.take(batch(offset, event))
        assert from_json(await heard.next())["cursor"] == "e1.2.0"
        assert not heard._frames
        assert hub.place == Place(3, 0)

    async def test_knows_what_was_sent_before_it_began(self) -> None:
        event, other = document(samples.adjusted()), document(samples.adjusted())
        hub, heard = Hub(History(Place(1, 0), event)), listener()
        await hub.load("realtime", "e1")
        hub.join(heard, ["inventory"])
        await hub.take(batch(2, event, other))
        assert from_json(await heard.next())["event"]["id"] == other["id"]
        assert not heard._frames

    async def test_leaves_out_what_a_resumed_listener_has_seen(self) -> None:
        hub, heard = Hub(History(Place(1, 0))), listener()
        await hub.load("realtime", "e1")
        heard.seen = Place(5, 0)
        hub.join(heard, ["inventory"])
        await hub.take(batch(5, document(samples.adjusted()), document(samples.adjusted())))
        assert from_json(await heard.next())["cursor"] == "e1.5.1"
        assert not heard._frames

    async def test_forgets_who_has_left(self) -> None:
        hub, heard = Hub(History(Place(1, 0))), listener()
        hub.join(heard, ["inventory", "orders"])
        hub.leave(heard, ["inventory", "orders", "alerts"])
        assert not hub._listeners


class TestRecent:
    def test_gives_what_stood_after_a_place_in_the_feeds_order(self) -> None:
        recent = Recent(1000)
        for index, (company, channel, shop) in enumerate(
            [("cmp_1", "orders", "shp_1"), ("cmp_1", "dashboard", None), ("cmp_2", "orders", None),
             ("cmp_1", "orders", "shp_2"), ("cmp_1", "inventory", None)]
        ):  # fmt: skip
            recent.keep(company, channel, Place(1, index), shop, f"frame {index}")
        channels = ["dashboard", "orders"]
        assert recent.after(BEFORE_THE_FIRST, "cmp_1", channels, None) == ["frame 0", "frame 1", "frame 3"]
        assert recent.after(Place(1, 0), "cmp_1", channels, frozenset({"shp_2"})) == ["frame 3"]
        assert recent.after(Place(1, 4), "cmp_1", channels, None) == []
        assert recent.after(BEFORE_THE_FIRST, "cmp_3", channels, None) == []

    def test_is_bounded_and_knows_since_when(self) -> None:
        recent = Recent(20)
        for offset in range(1, 5):
            recent.keep("cmp_1", "orders", Place(offset, 0), None, "x" * 8)
        assert recent.since == Place(2, 0)
        assert recent.after(Place(1, 0), "cmp_1", ["orders"], None) is None
        assert recent.after(Place(2, 0), "cmp_1", ["orders"], None) == ["x" * 8] * 2

    async def test_knows_what_went_out_before_the_process_began(self) -> None:
        heard, missed = document(samples.adjusted()), document(samples.adjusted())
        hub = Hub(History(Place(1, 1), heard, missed))
        await hub.load("realtime", "e1")
        [frame] = hub.recent.after(Place(1, 0), missed["companyid"], ["inventory"], None) or []
        assert from_json(frame)["event"]["id"] == missed["id"]


class TestSession:
    async def test_does_not_call_a_cursor_expired_while_the_feed_is_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.realtime.service.session.CATCH_UP_SECONDS", 0.01)
        hub, client = Hub(History(Place(1, 0))), listener()
        told = []
        for _ in range(2):
            session = Session(client, hub, Access(Orders.__new__(Orders)))
            await session.hear('{"type": "resume", "cursor": "e0.1.0", "channels": ["orders"]}')
            told.append(from_json(await client.next())["code"])
            await hub.load("realtime", "e1")
        assert told == ["unavailable", "cursor_expired"]


class TestListener:
    async def test_is_cut_off_when_its_queue_is_full(self) -> None:
        slow = listener(queue_frames=2)
        for frame in ("1", "2", "3"):
            slow.offer(frame)
        assert slow.ending.result() == SLOW

    async def test_is_cut_off_when_too_much_waits(self) -> None:
        slow = listener(queue_bytes=100)
        for frame in ("1" * 90, "2" * 90):
            slow.offer(frame)
        assert not slow.ending.done()
        slow.offer("3")
        assert slow.ending.result() == SLOW
        await slow.next()
        slow.offer("4")
        assert len(slow._frames) == 2

    async def test_waits_for_room_while_reading_the_past(self) -> None:
        resumed = listener(queue_frames=1)
        await resumed.put("1")
        second = asyncio.create_task(resumed.put("2"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(second), 0.01)
        assert await resumed.next() == "1"
        await second
        assert await resumed.next() == "2"
        assert not resumed.ending.done()
