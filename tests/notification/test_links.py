"""Mails with a secret: it is asked for as the mail leaves, and stays nowhere."""

import logging

import pytest

from common.events.identity import PasswordResetRequested, UserInvited, UserLocked
from common.ids import new_id
from common.testing import Harness
from tests.notification.desk import Desk
from tests.notification.facts import found_company, settled, until
from tests.notification.sandbox import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECRET = "s3cr3t-that-only-the-mail-holds"


def link(address: str) -> dict[str, str]:
    return {
        "purpose": "password_reset",
        "token": SECRET,
        "url": f"https://shop.example/reset?token={SECRET}",
        "email": address,
        "name": "Ada <b>",
        "companyId": "",
        "expiresAt": "2026-11-21T13:00:00Z",
    }


class TestSendLink:
    async def test_carries_the_secret_in_the_body_and_keeps_it_nowhere(
        self, notification: Harness, sandbox: Sandbox, desk: Desk, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        company_id, link_id, address = await found_company(notification), new_id("lnk"), f"{new_id('a')}@x.example"
        desk.links[link_id] = link(address)
        fact = PasswordResetRequested(user_id=new_id("usr"), link_id=link_id, email=address)
        await notification.publish(fact, company_id, times=2)
        [stored] = await settled(notification, company_id)
        [mail] = sandbox.mails(address)
        assert SECRET in mail["text"]
        assert SECRET in mail["html"]
        assert "Ada &lt;b&gt;" in mail["html"]
        assert (stored["status"], stored["body"], stored["type"]) == ("sent", "", "password_reset")
        for name in await notification.runtime.database.list_collection_names():
            async for document in notification.runtime.database[name].find():
                assert SECRET not in str(document), name
        assert SECRET not in caplog.text

    async def test_sends_nothing_once_the_link_is_used(
        self, notification: Harness, sandbox: Sandbox, desk: Desk
    ) -> None:
        company_id, address = await found_company(notification), f"{new_id('a')}@x.example"
        fact = UserLocked(user_id=new_id("usr"), link_id=new_id("lnk"), email=address)
        await notification.publish(fact, company_id)
        [stored] = await settled(notification, company_id)
        assert stored["status"] == "failed"
        assert sandbox.mails(address) == []

    async def test_waits_while_auth_is_away(self, notification: Harness, sandbox: Sandbox, desk: Desk) -> None:
        company_id, link_id, address = await found_company(notification), new_id("lnk"), f"{new_id('a')}@x.example"
        desk.links[link_id], desk.away = link(address), True
        await notification.publish(UserInvited(user_id="usr_1", link_id=link_id, email=address), company_id)
        await until(notification, "notifications", {"companyId": company_id, "tries": 1})
        desk.away = False
        [stored] = await settled(notification, company_id)
        assert (stored["status"], len(sandbox.mails(address))) == ("sent", 1)

    async def test_reaches_people_of_no_company(self, notification: Harness, sandbox: Sandbox, desk: Desk) -> None:
        link_id, address, user_id = new_id("lnk"), f"{new_id('a')}@x.example", new_id("usr")
        desk.links[link_id] = link(address)
        await notification.publish(PasswordResetRequested(user_id=user_id, link_id=link_id, email=address), None)
        await settled(notification, None, **{"recipient.userId": user_id})
        assert [mail["subject"] for mail in sandbox.mails(address)] == ["Choose a new password"]
        async with notification.user("customer", user_id=user_id) as own:
            listed = (await own.get("/api/notifications")).json()["items"]
        assert [each["type"] for each in listed] == ["password_reset"]
