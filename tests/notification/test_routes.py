"""What recipients and staff see, mark and send again."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from common.ids import new_id
from common.testing import Harness
from services.notification.service import trying
from tests.notification.facts import confirmed, found_company, meet_customer, settled
from tests.notification.sandbox import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOT = "/api/notifications"


async def items(client: httpx2.AsyncClient, path: str = "", **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(ROOT + path, params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


class TestList:
    async def test_shows_a_customer_of_the_platform_what_companies_sent(self, notification: Harness) -> None:
        user_id = new_id("usr")
        companies = [await found_company(notification) for _ in range(2)]
        for company_id in companies:
            customer_id = await meet_customer(notification, company_id, user_id=user_id, email="p@x.example")
            await notification.publish(confirmed("p@x.example", customer_id), company_id)
            await settled(notification, company_id)
        async with notification.user("customer", user_id=user_id) as anywhere:
            all_of_them = await items(anywhere)
        async with notification.user("customer", user_id=user_id, tenant=companies[0]) as there:
            of_one = await items(there)
        async with notification.user("customer", user_id=new_id("usr")) as stranger:
            none = await items(stranger)
            hidden = await stranger.get(f"{ROOT}/{of_one[0]['id']}")
        assert {each["companyId"] for each in all_of_them} == set(companies)
        assert [each["companyId"] for each in of_one] == [companies[0]]
        assert (none, hidden.status_code) == ([], 404)

    async def test_filters_sorts_and_pages(self, notification: Harness) -> None:
        company_id = await found_company(notification)
        for number in range(3):
            await notification.publish(confirmed(f"{new_id('a')}@x.example", number=f"O-{number}"), company_id)
        await notification.publish(confirmed(f"bounce-{new_id('a')}@x.example"), company_id)
        await settled(notification, company_id, 4)
        async with notification.user("company_admin", company_id) as admin:
            assert len(await items(admin, status="sent")) == 3
            assert len(await items(admin, status="bounced", channel="email", priority="important")) == 1
            assert await items(admin, type="welcome") == []
            assert len(await items(admin, **{"from": "2020-01-01T00:00:00Z"})) == 4
            assert await items(admin, to="2020-01-01T00:00:00Z") == []
            today = notification.runtime.clock.now().date()
            assert len(await items(admin, **{"from": str(today), "to": str(today)})) == 4
            assert await items(admin, **{"from": str(today + timedelta(days=2))}) == []
            no_day = await admin.get(ROOT, params={"from": "2026-02-30"})
            first = (await admin.get(ROOT, params={"limit": 3, "sort": "createdAt"})).json()
            rest = await items(admin, limit=3, sort="createdAt", cursor=first["nextCursor"])
            unknown = await admin.get(ROOT, params={"colour": "red"})
            unsortable = await admin.get(ROOT, params={"sort": "body"})
            bad_status = await admin.get(ROOT, params={"status": "lost"})
            bad_cursor = await admin.get(ROOT, params={"cursor": "nonsense"})
        assert len({each["id"] for each in [*first["items"], *rest]}) == 4
        for refused, code in (
            (unknown, "invalid_query"),
            (unsortable, "invalid_query"),
            (bad_status, "invalid_query"),
            (no_day, "invalid_query"),
            (bad_cursor, "invalid_cursor"),
        ):
            assert (refused.status_code, refused.json()["code"]) == (422, code)

    @pytest.mark.parametrize(
        ("criteria", "index"),
        [
            ({}, "company_created"),
            ({"type": "welcome"}, "company_type"),
            ({"status": "failed"}, "company_status"),
            ({"channel": "sms"}, "company_channel"),
            ({"reference.id": "ord_1"}, "company_reference"),
            ({"recipient.customerId": "cus_1"}, "company_customer"),
            ({"recipient.userId": "usr_1"}, "company_user"),
            ({"$or": [{"recipient.userId": "usr_1"}, {"recipient.customerId": "cus_1"}]}, "company_user"),
        ],
    )
    async def test_reads_by_an_index(self, notification: Harness, criteria: dict[str, str], index: str) -> None:
        store = notification.service.notifications.for_company(new_id("cmp"))
        await store.collection.insert_many([bulk(store.company_id, number) for number in range(300)])
        cursor = store.collection.find(store.scope(criteria)).sort([("createdAt", -1), ("_id", -1)]).limit(21)
        shown = str((await cursor.explain())["queryPlanner"]["winningPlan"])
        await store.collection.delete_many(store.scope())
        assert f"'indexName': '{index}'" in shown
        assert "'stage': 'SORT'" not in shown


def bulk(company_id: str, number: int) -> dict[str, Any]:
    """A stored message among many, as far as lists look at it."""
    return {
        "_id": new_id("ntf"),
        "companyId": company_id,
        "eventId": new_id("evt"),
        "recipientKey": "r",
        "way": "email",
        "type": "order_confirmation",
        "status": "sent",
        "channel": "email",
        "reference": {"type": "order", "id": new_id("ord")},
        "recipient": {"userId": new_id("usr"), "customerId": new_id("cus")},
        "createdAt": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
    }


class TestReadMarks:
    async def test_are_each_reader_s_own(self, notification: Harness) -> None:
        company_id = await found_company(notification)
        customer_id = await meet_customer(notification, company_id, email="r@x.example", user_id="usr_r")
        for _ in range(3):
            await notification.publish(confirmed("r@x.example", customer_id), company_id)
        await settled(notification, company_id, 3)
        async with (
            notification.user("customer", company_id, customer_id=customer_id, user_id="usr_r") as own,
            notification.user("company_admin", company_id) as admin,
        ):
            first = (await items(own, unread="true"))[0]
            marked = await own.post(f"{ROOT}/{first['id']}/read")
            again = await own.post(f"{ROOT}/{first['id']}/read")
            assert (marked.json()["read"], again.json()["read"]) == (True, True)
            assert (await own.get(f"{ROOT}/unread-count")).json() == {"unread": 2}
            assert (await admin.get(f"{ROOT}/unread-count")).json() == {"unread": 3}
            assert [each["id"] for each in await items(own, unread="false")] == [first["id"]]
            assert (await own.post(f"{ROOT}/read-all")).json() == {"marked": 2}
            assert await items(own, unread="true") == []
            assert len(await items(admin, unread="true")) == 3


class TestOpened:
    async def test_is_for_the_recipient_and_for_what_left(self, notification: Harness) -> None:
        company_id = await found_company(notification)
        customer_id = await meet_customer(notification, company_id, email="o@x.example", user_id="usr_o")
        await notification.publish(confirmed("o@x.example", customer_id), company_id)
        await notification.publish(confirmed(f"bounce-{new_id('a')}@x.example"), company_id)
        stored = {each["status"]: each["_id"] for each in await settled(notification, company_id, 2)}
        async with (
            notification.user("customer", company_id, customer_id=customer_id, user_id="usr_o") as own,
            notification.user("customer", company_id, customer_id="cus_other") as other,
            notification.user("company_admin", company_id) as admin,
        ):
            opened = await own.post(f"{ROOT}/{stored['sent']}/opened")
            again = await own.post(f"{ROOT}/{stored['sent']}/opened")
            foreign = await other.post(f"{ROOT}/{stored['sent']}/opened")
            by_staff = await admin.post(f"{ROOT}/{stored['sent']}/opened")
        assert (opened.json()["status"], opened.json()["read"], again.json()["status"]) == ("opened", True, "opened")
        assert (foreign.status_code, by_staff.status_code) == (404, 403)
        heard = await notification.events.wait_for("notification.opened", lambda e: e.company_id == company_id)
        assert len(heard) == 1


class TestRetry:
    async def test_sends_what_failed_and_nothing_else(self, notification: Harness, sandbox: Sandbox) -> None:
        company_id, address = await found_company(notification), f"{new_id('a')}@x.example"
        for _ in range(3):
            await notification.publish(confirmed(address), company_id)
        stored = [each["_id"] for each in await settled(notification, company_id, 3)]
        collection = notification.runtime.database["notifications"]
        await collection.update_many(
            {"_id": {"$in": stored[:2]}}, {"$set": {"status": "failed"}, "$inc": {"version": 1}}
        )
        async with notification.user("company_admin", company_id) as admin:
            sent = await admin.post(f"{ROOT}/{stored[2]}/retry")
            one = await admin.post(f"{ROOT}/{stored[0]}/retry")
            await settled(notification, company_id, 2, attempts={"$size": 1})
            rest = await admin.post(f"{ROOT}/retry-failed")
            await settled(notification, company_id, 2, attempts={"$size": 2})
            missing = await admin.post(f"{ROOT}/ntf_unknown/retry")
        async with notification.user("company_admin", new_id("cmp")) as stranger:
            foreign = await stranger.post(f"{ROOT}/{stored[0]}/retry")
        assert (sent.status_code, sent.json()["code"]) == (409, "invalid_transition")
        assert (one.status_code, one.json()["status"], rest.json()) == (200, "queued", {"retried": 1})
        assert (missing.status_code, foreign.status_code) == (404, 404)
        mails = sandbox.mails(address)
        assert (len(mails), len({mail["messageId"] for mail in mails})) == (5, 3)


class TestDevices:
    async def test_belong_to_who_registered_them_last(self, notification: Harness) -> None:
        token = new_id("tok") * 3
        async with notification.user("customer", "cmp_d", user_id="usr_d1", customer_id="cus_d1") as one:
            made = await one.post(f"{ROOT}/devices", json={"token": token, "platform": "android"})
            same = await one.post(f"{ROOT}/devices", json={"token": token, "platform": "android"})
            assert (made.status_code, made.json()["id"]) == (201, same.json()["id"])
            assert token not in made.text
            assert len(await items(one, "/devices")) == 1
            async with notification.user("customer", "cmp_d", user_id="usr_d2", customer_id="cus_d2") as two:
                foreign = await two.delete(f"{ROOT}/devices/{made.json()['id']}")
                moved = await two.post(f"{ROOT}/devices", json={"token": token, "platform": "android"})
                assert foreign.status_code == 404
                assert await items(one, "/devices") == []
                gone = await two.delete(f"{ROOT}/devices/{moved.json()['id']}")
                assert (gone.status_code, await items(two, "/devices")) == (204, [])

    async def test_are_registered_once_in_a_race(self, notification: Harness) -> None:
        body = {"token": new_id("tok") * 2, "platform": "ios"}
        async with notification.user("customer", "cmp_d", user_id="usr_d3", customer_id="cus_d3") as own:
            answers = await asyncio.gather(*(own.post(f"{ROOT}/devices", json=body) for _ in range(8)))
            assert {each.status_code for each in answers} == {201}
            assert len(await items(own, "/devices")) == 1

    async def test_are_limited(self, notification: Harness) -> None:
        async with notification.user("shop_staff", "cmp_d", user_id="usr_d4") as own:
            for number in range(20):
                body = {"token": f"token-number-{number:04}-{new_id('t')}", "platform": "web"}
                assert (await own.post(f"{ROOT}/devices", json=body)).status_code == 201
            refused = await own.post(f"{ROOT}/devices", json={"token": "one-too-many-of-them", "platform": "web"})
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_devices")

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"token": "short", "platform": "ios"},
            {"token": "with a space in it", "platform": "ios"},
            {"token": "a-good-enough-token", "platform": "fridge"},
            {"token": {"$gt": ""}, "platform": "ios"},
            {"token": "a-good-enough-token", "platform": "ios", "userId": "usr_1"},
        ],
    )
    async def test_refuse_what_is_none(self, notification: Harness, body: dict[str, Any]) -> None:
        async with notification.user("shop_staff", "cmp_d") as own:
            answer = await own.post(f"{ROOT}/devices", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_body")


class TestTrying:
    async def test_sends_a_test_and_limits_them(
        self, notification: Harness, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(trying, "TESTS_LIMIT", 2)
        company_id, address = await found_company(notification), f"{new_id('a')}@x.example"
        body = {"channel": "email", "to": address}
        async with notification.user("company_admin", company_id) as admin:
            answers = [await admin.post(f"{ROOT}/test", json=body) for _ in range(3)]
        await settled(notification, company_id, 2)
        assert [each.status_code for each in answers] == [201, 201, 429]
        assert 1 <= int(answers[2].headers["retry-after"]) <= 3601
        assert [mail["subject"] for mail in sandbox.mails(address)] == ["A test message of Acme"] * 2
        async with notification.user("shop_staff", company_id) as staff:
            assert (await staff.post(f"{ROOT}/test", json=body)).status_code == 403

    @pytest.mark.parametrize(
        ("channel", "to"),
        [
            ("email", "not an address"),
            ("email", "a@b\r\nBcc: all@x.example"),
            ("sms", "0163296"),
            ("sms", "a@x.example"),
            ("push", "a b"),
            ("in_app", "somebody"),
            ("pigeon", "a@x.example"),
            ("email", 7),
            ("email", {"$gt": ""}),
        ],
    )
    async def test_refuses_what_no_channel_takes(self, notification: Harness, channel: str, to: Any) -> None:
        async with notification.user("company_admin", "cmp_d") as admin:
            answer = await admin.post(f"{ROOT}/test", json={"channel": channel, "to": to})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_body")

    async def test_lists_the_channels(self, notification: Harness) -> None:
        async with notification.user("company_admin", "cmp_d") as admin:
            shown = {each["channel"]: each for each in await items(admin, "/channels")}
        assert set(shown) == {"email", "sms", "push", "in_app"}
        assert (shown["email"]["configured"], shown["email"]["healthy"]) == (True, True)
