"""Tries, fallback, dead addresses, limits and crashes, with a real mail server."""

import asyncio
from datetime import timedelta

import pytest

from common.events.identity import UserRegistered
from common.events.orders import OrderStatusChanged
from common.events.payments import DebtOverdue, PaymentFailed, PaymentRefunded
from common.ids import new_id
from common.money import Money
from common.testing import Harness
from services.notification.service import delivering
from services.notification.store.notifications import EPOCH
from tests.notification.desk import Desk
from tests.notification.facts import confirmed, found_company, meet_customer, settled, until
from tests.notification.sandbox import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestFallback:
    async def test_takes_the_next_channel_after_a_refusal(self, notification: Harness) -> None:
        company_id = await found_company(notification)
        address = f"bounce-{new_id('a')}@x.example"
        customer_id = await meet_customer(notification, company_id, email=address, user_id="usr_1")
        await notification.publish(confirmed(address, customer_id), company_id)
        await settled(notification, company_id)
        async with notification.user("customer", company_id, customer_id=customer_id) as own:
            [shown] = (await own.get("/api/notifications")).json()["items"]
        assert (shown["channel"], shown["status"]) == ("in_app", "sent")
        assert [(each["channel"], each["status"]) for each in shown["attempts"]] == [
            ("email", "refused"),
            ("in_app", "sent"),
        ]
        assert "550" in shown["attempts"][0]["error"]

    async def test_sends_nothing_more_to_a_dead_address_until_it_is_released(
        self, notification: Harness, sandbox: Sandbox
    ) -> None:
        company_id, address = await found_company(notification), f"bounce-{new_id('a')}@x.example"
        await notification.publish(confirmed(address), company_id)
        await settled(notification, company_id)
        await notification.publish(confirmed(address.upper()), company_id)
        second = await settled(notification, company_id, 2)
        errors = sorted(each["attempts"][0]["error"] for each in second)
        assert [each["status"] for each in second] == ["bounced", "bounced"]
        assert errors[0].startswith("550")
        assert errors[1] == "this address is suppressed"
        async with notification.user("company_admin", company_id) as admin:
            [entry] = (await admin.get("/api/notifications/suppressions")).json()["items"]
            gone = await admin.delete(f"/api/notifications/suppressions/{entry['id']}")
            again = await admin.delete(f"/api/notifications/suppressions/{entry['id']}")
            left = (await admin.get("/api/notifications/suppressions")).json()["items"]
        assert (entry["address"], entry["channel"], gone.status_code, again.status_code, left) == (
            address.lower(),
            "email",
            204,
            404,
            [],
        )
        await notification.publish(confirmed(address), company_id)
        third = await settled(notification, company_id, 3)
        assert sorted(each["attempts"][0]["error"][:3] for each in third) == ["550", "550", "thi"]

    async def test_tries_again_what_was_deferred(self, notification: Harness, sandbox: Sandbox) -> None:
        company_id, address = await found_company(notification), f"defer-{new_id('a')}@x.example"
        await notification.publish(confirmed(address), company_id)
        [first] = await until(notification, "notifications", {"companyId": company_id, "tries": 1})
        assert first["status"] == "queued"
        collection = notification.runtime.database["notifications"]
        for _ in range(2):  # the pauses are waited out by the clock, not by the test
            await collection.update_many(
                {"companyId": company_id, "unsure": False}, {"$set": {"nextAttemptAt": first["createdAt"]}}
            )
            await until(notification, "notifications", {"companyId": company_id, "tries": {"$gte": 1}})
        [stored] = await settled(notification, company_id)
        assert [each["status"] for each in stored["attempts"]] == ["failed", "failed", "sent"]
        assert len(sandbox.mails(address)) == 1


class TestCrash:
    async def test_takes_over_what_a_crashed_sender_left_under_the_same_message_id(
        self, notification: Harness, sandbox: Sandbox
    ) -> None:
        company_id, address = await found_company(notification), f"{new_id('a')}@x.example"
        await notification.publish(confirmed(address), company_id)
        [stored] = await settled(notification, company_id)
        # As after a crash between the server's 250 and our commit: locked, unsure, the lock run out.
        left = {"status": "queued", "unsure": True, "attempts": [], "nextAttemptAt": stored["createdAt"]}
        await notification.runtime.database["notifications"].update_one(
            {"_id": stored["_id"]}, {"$set": left, "$inc": {"version": 1}}
        )
        await settled(notification, company_id)
        mails = sandbox.mails(address)
        assert len({mail["messageId"] for mail in mails}) == 1

    async def test_leaves_a_locked_message_alone(self, notification: Harness) -> None:
        store = notification.service.notifications.for_platform()
        company_id = await found_company(notification)
        await notification.publish(confirmed(f"{new_id('a')}@x.example"), company_id)
        [stored] = await settled(notification, company_id)
        now = notification.runtime.clock.now()
        held = {"status": "queued", "nextAttemptAt": now + timedelta(seconds=30)}
        await store.collection.update_one({"_id": stored["_id"]}, {"$set": held})
        assert await store.take_due("email", now) is None
        await store.collection.update_one({"_id": stored["_id"]}, {"$set": {"nextAttemptAt": None, "status": "sent"}})


class TestNote:
    async def test_keeps_what_came_of_a_try_when_a_report_was_noted_in_between(self, notification: Harness) -> None:
        store, company_id = notification.service.notifications.for_platform(), await found_company(notification)
        await notification.publish(confirmed(f"{new_id('a')}@x.example"), company_id)
        [stored] = await settled(notification, company_id)
        until_then = notification.runtime.clock.now() + timedelta(seconds=60)
        locked = {"status": "queued", "unsure": True, "nextAttemptAt": until_then}
        await store.collection.update_one({"_id": stored["_id"]}, {"$set": locked})
        mine = await store.get(stored["_id"])
        other = await store.get(stored["_id"])
        other.attempts[0].reported = "undelivered"
        other.attempts = [*other.attempts]
        await store.save(other)
        noted = await notification.service.delivering._note(mine, lambda fresh, now: fresh.note_sent(now))
        assert noted is not None
        again = await store.get(stored["_id"])
        assert (again.status, len(again.attempts), again.attempts[0].reported) == ("sent", 2, "undelivered")

    async def test_leaves_the_word_to_whoever_took_the_message_over(self, notification: Harness) -> None:
        store, company_id = notification.service.notifications.for_platform(), await found_company(notification)
        await notification.publish(confirmed(f"{new_id('a')}@x.example"), company_id)
        [stored] = await settled(notification, company_id)
        mine = await store.get(stored["_id"])
        taken = {"status": "queued", "nextAttemptAt": notification.runtime.clock.now() + timedelta(seconds=60)}
        await store.collection.update_one({"_id": stored["_id"]}, {"$set": taken, "$inc": {"version": 1}})
        assert await notification.service.delivering._note(mine, lambda fresh, now: fresh.note_sent(now)) is None
        assert (await store.get(stored["_id"])).status == "queued"
        await store.collection.update_one({"_id": stored["_id"]}, {"$set": {"nextAttemptAt": None, "status": "sent"}})


class TestTakeDue:
    async def test_lets_the_critical_overtake(self, notification: Harness) -> None:
        store, company_id = notification.service.notifications.for_platform(), await found_company(notification)
        await notification.publish(confirmed(f"{new_id('a')}@x.example"), company_id)
        [stored] = await settled(notification, company_id)
        long_ago = stored["createdAt"] - timedelta(days=9000)
        plain = {**stored, "channel": "sms", "status": "queued", "outbox": []}
        copies = [
            {**plain, "_id": new_id("ntf"), "eventId": new_id("evt"), "rank": rank, "nextAttemptAt": due}
            for rank, due in ((2, long_ago), (1, long_ago + timedelta(days=1)), (0, long_ago + timedelta(days=2)))
        ]
        lane = notification.service.delivering.lanes["sms"]
        lane.taken = lane.places  # nobody but this test takes them
        await store.collection.insert_many(copies)
        now = long_ago + timedelta(days=3)
        taken = [await store.take_due("sms", now) for _ in range(4)]
        assert [each[0].rank for each in taken if each is not None] == [0, 1, 2]
        await store.collection.delete_many({"_id": {"$in": [each["_id"] for each in copies]}})
        lane.taken = 0

    async def test_looks_for_what_is_due_by_an_index(self, notification: Harness) -> None:
        collection = notification.service.notifications.collection
        now = notification.runtime.clock.now()
        criteria = {"channel": "email", "rank": {"$in": [0, 1, 2]}, "nextAttemptAt": {"$gt": EPOCH, "$lte": now}}
        plan = await collection.find(criteria).sort([("rank", 1), ("nextAttemptAt", 1)]).explain()
        shown = str(plan["queryPlanner"]["winningPlan"])
        assert "'indexName': 'due'" in shown
        assert "'stage': 'SORT'" not in shown


class TestThrottle:
    async def test_lets_what_is_normal_wait_and_nothing_else(
        self, notification: Harness, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(delivering, "EXTERNAL_LIMIT", 2)
        company_id, address, user_id = await found_company(notification), f"{new_id('a')}@x.example", new_id("usr")
        welcome = UserRegistered(user_id=user_id, email=address, customer_id=new_id("cus"))
        for _ in range(5):
            await notification.publish(welcome, company_id)
        sent = await settled(notification, company_id, 2)
        waiting = {"companyId": company_id, "status": "queued", "unsure": False, "attempts": []}
        await until(notification, "notifications", waiting, 3)
        assert (len(sent), len(sandbox.mails(address))) == (2, 2)
        await notification.publish(confirmed(address, welcome.customer_id), company_id)
        await settled(notification, company_id, 3)
        assert len(sandbox.mails(address)) == 3

    async def test_counts_exactly_when_many_ask_at_once(self, notification: Harness) -> None:
        throttles, now = notification.service.trying._throttles, notification.runtime.clock.now()
        key = new_id("key")
        asked = [throttles.take(key, now, limit=5, window_seconds=3600) for _ in range(40)]
        assert (await asyncio.gather(*asked)).count(None) == 5


class TestKinds:
    async def test_tells_a_payer_of_refund_and_decline(
        self, notification: Harness, sandbox: Sandbox, desk: Desk
    ) -> None:
        company_id, address, order_id = await found_company(notification), f"{new_id('a')}@x.example", new_id("ord")
        desk.orders[order_id] = {"number": "O-7", "email": address, "customerId": None, "customerUserId": None}
        money = Money(amount=1234, currency="KWD")
        common = {"payment_id": new_id("pay"), "order_id": order_id, "method": "card"}
        back = PaymentRefunded(
            **common, amount=money, refund_id="rfd_1", refunded=money, captured=money, reason="broken"
        )
        declined = PaymentFailed(**common, amount=money, code="card_declined", decline_code="lost_card", final=False)
        final = PaymentFailed(**common, amount=money, code="card_declined", final=True)
        for fact in (back, declined, final):
            await notification.publish(fact, company_id)
        await settled(notification, company_id, 2)
        mails = {mail["subject"]: mail["text"] for mail in sandbox.mails(address)}
        assert set(mails) == {"We have refunded 1.234 KWD", "Your payment for order O-7 did not succeed"}
        assert f"/orders/{order_id}" in mails["Your payment for order O-7 did not succeed"]

    async def test_says_once_that_an_order_has_arrived(self, notification: Harness, sandbox: Sandbox) -> None:
        company_id, address = await found_company(notification), f"{new_id('a')}@x.example"
        facts = {"order_id": new_id("ord"), "number": "O-9", "email": address}
        for status, fulfilment in (
            ("processing", "fulfilled"),
            ("processing", "delivered"),
            ("completed", "delivered"),
        ):
            moved = OrderStatusChanged(**facts, status=status, fulfilment_status=fulfilment)
            await notification.publish(moved, company_id)
        await settled(notification, company_id)
        await notification.publish(confirmed(address), company_id)
        await settled(notification, company_id, 2)
        assert sorted(mail["subject"] for mail in sandbox.mails(address)) == [
            "Your order O-1 is confirmed",
            "Your order O-9 has arrived",
        ]

    async def test_reminds_who_owes(self, notification: Harness, sandbox: Sandbox) -> None:
        company_id, address = await found_company(notification), f"{new_id('a')}@x.example"
        customer_id = await meet_customer(notification, company_id, email=address)
        owed = DebtOverdue(
            debt_id=new_id("dbt"),
            debtor_type="customer",
            debtor_id=customer_id,
            outstanding=Money(amount=300, currency="JPY"),
            due_at=notification.runtime.clock.now(),
        )
        await notification.publish(owed, company_id)
        await settled(notification, company_id, 2)
        assert [mail["subject"] for mail in sandbox.mails(address)] == ["A payment of 300 JPY is overdue"]
