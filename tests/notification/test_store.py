"""Messages on the real MongoDB: alerts that come at once share a mail."""

import asyncio
from datetime import timedelta

import pytest

from common.ids import new_id
from common.testing import Harness
from services.notification.domain import Notification, Recipient, Reference
from services.notification.domain.message import ITEMS_LIMIT, Item
from services.notification.store import Notifications, upgrade

pytestmark = pytest.mark.asyncio(loop_scope="module")


def mail(store: Notifications, event_id: str) -> Notification:
    now = store.ground.clock.now()
    return Notification(
        id=new_id("ntf"),
        company_id=store.company_id,
        created_at=now,
        updated_at=now,
        event_id=event_id,
        type="stock_alert",
        channel="email",
        way="email",
        priority="critical",
        rank=0,
        status="queued",
        gathering=True,
        recipient=Recipient(address="admin@staff.example"),
        recipient_key="admin@staff.example",
        subject="Something is out of stock",
        body="Something is out of stock.",
        reference=Reference(type="sku", id="A"),
        next_attempt_at=now + timedelta(hours=1),
    )


async def gather(store: Notifications, event_id: str) -> None:
    await store.gather(mail(store, event_id), Item(event_id=event_id, subject=event_id, body=event_id))


class TestGather:
    async def test_puts_what_comes_at_once_into_one_mail(self, notification: Harness) -> None:
        store = notification.service.notifications.for_company(new_id("cmp"))
        events = [new_id("evt") for _ in range(24)]
        for _ in range(3):  # the first ones to come race for the mail's beginning
            await asyncio.gather(*(gather(store, event_id) for event_id in [*events, *events]))
        [only] = await store.find_many({}, 10)
        assert sorted(item.event_id for item in only.items) == sorted(events)

    async def test_begins_the_next_mail_once_one_is_full(self, notification: Harness) -> None:
        store = notification.service.notifications.for_company(new_id("cmp"))
        events = [new_id("evt") for _ in range(ITEMS_LIMIT + 5)]
        for start in range(0, len(events), 10):
            await asyncio.gather(*(gather(store, event_id) for event_id in events[start : start + 10]))
        found = await store.find_many({}, 10)
        assert sorted(len(each.items) for each in found) == [5, ITEMS_LIMIT]
        assert sorted(each.gathering for each in found) == [False, True]

    async def test_looks_an_alert_up_by_an_index(self, notification: Harness) -> None:
        store = notification.service.notifications.for_company(new_id("cmp"))
        criteria = {"type": "stock_alert", "recipientKey": "admin@staff.example", "items.eventId": new_id("evt")}
        plan = await store.collection.find(store.scope(criteria)).explain()
        assert "company_gathered" in str(plan["queryPlanner"])  # with few messages any index does


class TestUpgrade:
    async def test_brings_older_messages_to_today_s_shape_once(self, notification: Harness) -> None:
        database, store = notification.runtime.database, notification.service.notifications.for_company(new_id("cmp"))
        old = store.to_document(mail(store, new_id("evt")))
        for name in ("way", "rank", "gathering", "unsure", "contacts", "route", "tries", "readBy", "linkId"):
            old.pop(name)
        await store.collection.insert_one({**old, "status": "waiting", "outbox": []})
        await database["shapes"].delete_many({})
        await upgrade(database)
        await upgrade(database)
        found = await store.get(old["_id"])
        assert (found.status, found.way, found.rank, found.version) == ("queued", "email", 0, 2)
        assert found.contacts.email == "admin@staff.example"
