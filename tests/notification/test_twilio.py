"""Text messages through Twilio's own SDK, and what Twilio says of them later."""

import asyncio
from itertools import permutations
from typing import Any

import httpx2
import pytest
from twilio.request_validator import RequestValidator

from common.ids import new_id
from common.testing import Harness
from tests.notification.facts import confirmed, found_company, meet_customer, settled, until
from tests.notification.sandbox import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/api/notifications/webhooks/twilio"


def number() -> str:
    return "+4916" + "".join(str(ord(letter) % 10) for letter in new_id("n")[-9:])


async def report(notification: Harness, sandbox: Sandbox, **form: str) -> httpx2.Response:
    """A callback as Twilio signs it."""
    told = {"AccountSid": sandbox.providers["TWILIO_ACCOUNT_SID"], **form}
    url = notification.service.tracking._twilio.callback_url
    signature = RequestValidator(sandbox.providers["TWILIO_AUTH_TOKEN"]).compute_signature(url, told)
    async with notification.client() as outside:
        return await outside.post(PATH, data=told, headers={"X-Twilio-Signature": signature})


async def sent_text(notification: Harness, phone: str) -> dict[str, Any]:
    company_id = await found_company(notification)
    customer_id = await meet_customer(notification, company_id, phone=phone)
    await notification.publish(confirmed(None, customer_id), company_id)
    [stored] = await settled(notification, company_id)
    return stored


class TestSms:
    async def test_leaves_and_is_reported_delivered(self, notification: Harness, sandbox: Sandbox) -> None:
        phone = number()
        stored = await sent_text(notification, phone)
        await until(notification, "notifications", {"_id": stored["_id"], "status": "delivered"})
        [text] = sandbox.texts(phone)
        assert "O-1" in text["body"]
        async with notification.user("company_admin", stored["companyId"]) as admin:
            shown = (await admin.get(f"/api/notifications/{stored['_id']}")).json()
        assert (shown["channel"], shown["status"], shown["recipient"]["address"]) == ("sms", "delivered", phone)
        assert [each["status"] for each in shown["attempts"]] == ["delivered"]

    async def test_falls_back_when_the_number_takes_nothing(self, notification: Harness) -> None:
        stored = await sent_text(notification, "+15005550009")
        assert [(each["channel"], each["status"]) for each in stored["attempts"]] == [
            ("sms", "refused"),
            ("in_app", "sent"),
        ]
        again = {"companyId": stored["companyId"], "channel": "sms", "address": "+15005550009"}
        assert await notification.runtime.database["suppressions"].count_documents(again) == 1

    async def test_falls_back_when_it_comes_back_undelivered(self, notification: Harness) -> None:
        stored = await sent_text(notification, "+15005550015")
        [ended] = await until(
            notification, "notifications", {"_id": stored["_id"], "channel": "in_app", "status": "sent"}
        )
        assert [each["status"] for each in ended["attempts"]] == ["refused", "sent"]
        assert "30005" in ended["attempts"][0]["error"]

    async def test_is_not_sent_twice_after_a_crash_behind_the_provider_s_answer(
        self, notification: Harness, sandbox: Sandbox
    ) -> None:
        phone = number()
        stored = await sent_text(notification, phone)
        left = {"status": "queued", "unsure": True, "attempts": [], "nextAttemptAt": stored["createdAt"]}
        await notification.runtime.database["notifications"].update_one(
            {"_id": stored["_id"]}, {"$set": left, "$inc": {"version": 1}}
        )
        [taken_over] = await settled(notification, stored["companyId"])
        assert len(sandbox.texts(phone)) == 1
        assert taken_over["attempts"][0]["providerId"] == stored["attempts"][0]["providerId"]


class TestReports:
    @pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "queued", "read"]))[::5])
    async def test_end_the_same_in_any_order_and_number(
        self, notification: Harness, sandbox: Sandbox, order: tuple[str, ...]
    ) -> None:
        stored = await sent_text(notification, "+15005550010")
        sid = stored["attempts"][0]["providerId"]
        for status in (*order, *order):
            answer = await report(notification, sandbox, MessageSid=sid, MessageStatus=status)
            assert answer.status_code == 204
        [ended] = await until(notification, "notifications", {"_id": stored["_id"], "status": "opened"})
        await until(notification, "sent_events", {"event.type": "notification.opened", "event.subject": stored["_id"]})
        opened = {"event.type": "notification.opened", "event.subject": stored["_id"]}
        assert await notification.runtime.database["sent_events"].count_documents(opened) == 1
        assert [each["status"] for each in ended["attempts"]] == ["opened"]

    async def test_wait_for_a_message_that_is_not_known_yet(self, notification: Harness, sandbox: Sandbox) -> None:
        sid = "SM" + new_id("x")[2:]
        early = await report(notification, sandbox, MessageSid=sid, MessageStatus="delivered")
        assert early.status_code == 204
        stored = await sent_text(notification, "+15005550010")
        attempts = [{**stored["attempts"][0], "providerId": sid, "reported": None}]
        await notification.runtime.database["notifications"].update_one(
            {"_id": stored["_id"]}, {"$set": {"attempts": attempts}, "$inc": {"version": 1}}
        )
        await notification.service.tracking.settle(sid)
        [taken] = await until(notification, "notifications", {"_id": stored["_id"], "status": "delivered"})
        assert taken["attempts"][0]["reported"] == "delivered"
        assert await notification.runtime.database["early_reports"].count_documents({"providerId": sid}) == 0

    async def test_of_many_at_once_lose_none(self, notification: Harness, sandbox: Sandbox) -> None:
        stored = await sent_text(notification, "+15005550010")
        sid = stored["attempts"][0]["providerId"]
        told = [{"MessageSid": sid, "MessageStatus": status} for status in ("sent", "delivered", "read") * 4]
        answers = await asyncio.gather(*(report(notification, sandbox, **each) for each in told))
        assert {answer.status_code for answer in answers} == {204}
        await until(notification, "notifications", {"_id": stored["_id"], "status": "opened"})

    async def test_are_refused_unless_twilio_signed_them(self, notification: Harness, sandbox: Sandbox) -> None:
        stored = await sent_text(notification, "+15005550010")
        told = {
            "AccountSid": sandbox.providers["TWILIO_ACCOUNT_SID"],
            "MessageSid": stored["attempts"][0]["providerId"],
            "MessageStatus": "failed",
        }
        url = notification.service.tracking._twilio.callback_url
        right = RequestValidator(sandbox.providers["TWILIO_AUTH_TOKEN"]).compute_signature(url, told)
        other_key = RequestValidator("other").compute_signature(url, told)
        other_url = RequestValidator(sandbox.providers["TWILIO_AUTH_TOKEN"]).compute_signature(url + "x", told)
        attempts: list[tuple[dict[str, str], dict[str, str]]] = [
            (told, {}),
            (told, {"X-Twilio-Signature": ""}),
            (told, {"X-Twilio-Signature": other_key}),
            (told, {"X-Twilio-Signature": other_url}),
            ({**told, "MessageStatus": "read"}, {"X-Twilio-Signature": right}),
        ]
        async with notification.client() as outside:
            for form, headers in attempts:
                answer = await outside.post(PATH, data=form, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (403, "invalid_signature")
            strange = await report(notification, sandbox, MessageSid="SM1", MessageStatus="teleported")
            nameless = await report(notification, sandbox, MessageStatus="sent")
        assert [(each.status_code, each.json()["code"]) for each in (strange, nameless)] == [
            (400, "invalid_callback"),
            (400, "invalid_callback"),
        ]
        unchanged = await notification.runtime.database["notifications"].find_one({"_id": stored["_id"]})
        assert unchanged["status"] == "sent"
