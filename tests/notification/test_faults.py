"""Answers that are lost, callbacks that repeat and swap: one message all the same."""

from collections.abc import Iterator

import pytest

from common.ids import new_id
from common.testing import Harness
from tests.notification.facts import confirmed, found_company, meet_customer, settled, until
from tests.notification.sandbox import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def mended(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.mend()


class TestLostAnswer:
    async def test_of_twilio_leads_to_one_text(self, notification: Harness, sandbox: Sandbox) -> None:
        phone, company_id = "+4915100000077", await found_company(notification)
        customer_id = await meet_customer(notification, company_id, phone=phone)
        sandbox.break_down("twilio", "drop_after", times=1)
        await notification.publish(confirmed(None, customer_id), company_id)
        [ended] = await until(notification, "notifications", {"companyId": company_id, "status": "delivered"})
        assert [each["status"] for each in ended["attempts"]] == ["failed", "delivered"]
        assert len(sandbox.texts(phone)) == 1

    async def test_of_a_mail_server_leads_to_one_message_id(self, notification: Harness, sandbox: Sandbox) -> None:
        company_id, address = await found_company(notification), f"{new_id('a')}@x.example"
        sandbox.break_down("smtp", "drop_after", times=1)
        await notification.publish(confirmed(address), company_id)
        [ended] = await settled(notification, company_id)
        assert ended["status"] == "sent"
        assert len({mail["messageId"] for mail in sandbox.mails(address)}) == 1

    async def test_of_firebase_leads_to_one_tag(self, notification: Harness, sandbox: Sandbox) -> None:
        company_id, token = await found_company(notification), f"good-{new_id('t')}"
        sandbox.break_down("fcm", "drop_after", times=1)
        async with notification.user("company_admin", company_id) as admin:
            await admin.post("/api/notifications/test", json={"channel": "push", "to": token})
        [ended] = await settled(notification, company_id)
        assert [each["status"] for each in ended["attempts"]] == ["failed", "sent"]
        tags = {push["message"]["android"]["notification"]["tag"] for push in sandbox.pushes(token)}
        assert tags == {ended["_id"]}


class TestCallbacks:
    async def test_that_repeat_and_swap_are_heard_once(self, notification: Harness, sandbox: Sandbox) -> None:
        company_id = await found_company(notification)
        customer_id = await meet_customer(notification, company_id, phone="+4915100000088")
        sandbox.break_down("twilio", "duplicate", times=10)
        sandbox.break_down("twilio", "reorder", times=3)
        await notification.publish(confirmed(None, customer_id), company_id)
        [ended] = await until(notification, "notifications", {"companyId": company_id, "status": "delivered"})
        heard = {"event.type": "notification.delivered", "event.subject": ended["_id"]}
        assert len(await until(notification, "sent_events", heard)) == 1

    async def test_find_a_provider_that_is_busy_and_go_on_by_another_channel(
        self, notification: Harness, sandbox: Sandbox
    ) -> None:
        company_id = await found_company(notification)
        customer_id = await meet_customer(notification, company_id, phone="+4915100000099", user_id=new_id("usr"))
        sandbox.break_down("twilio", "status", status=429, times=3)
        await notification.publish(confirmed(None, customer_id), company_id)
        collection = notification.runtime.database["notifications"]
        for tries in (1, 2):
            waiting = {"companyId": company_id, "tries": tries, "unsure": False}
            [found] = await until(notification, "notifications", waiting)
            await collection.update_one({"_id": found["_id"]}, {"$set": {"nextAttemptAt": found["createdAt"]}})
        [ended] = await settled(notification, company_id)
        assert [(each["channel"], each["status"]) for each in ended["attempts"]] == [
            *[("sms", "failed")] * 3,
            ("in_app", "sent"),
        ]
