"""Push messages through Firebase's own SDK: to every device, and only as long as it is there."""

import pytest

from common.events.identity import UserCreated
from common.events.stock import OutOfStock
from common.ids import new_id
from common.testing import Harness
from tests.notification.facts import found_company, settled, until
from tests.notification.sandbox import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOT = "/api/notifications"


async def admin_with(notification: Harness, *tokens: str) -> tuple[str, str, str]:
    """A company whose only admin has these devices."""
    company_id, user_id, address = await found_company(notification), new_id("usr"), f"{new_id('a')}@x.example"
    created = UserCreated(user_id=user_id, email=address, role="company_admin")
    await notification.publish(created, company_id)
    await until(notification, "staff", {"companyId": company_id, "userId": user_id})
    async with notification.user("company_admin", company_id, user_id=user_id) as own:
        for token in tokens:
            body = {"token": token, "platform": "android"}
            assert (await own.post(f"{ROOT}/devices", json=body)).status_code == 201
    return company_id, user_id, address


async def alert(notification: Harness, company_id: str) -> None:
    fact = OutOfStock(stock_id=new_id("stk"), sku="A", warehouse_id="whs_1", available=0, threshold=5)
    await notification.publish(fact, company_id)


class TestPush:
    async def test_alerts_an_admin_s_devices_and_forgets_the_one_that_is_gone(
        self, notification: Harness, sandbox: Sandbox
    ) -> None:
        good, gone = f"good-{new_id('t')}", f"unregistered-{new_id('t')}"
        company_id, user_id, address = await admin_with(notification, good, gone)
        await alert(notification, company_id)
        [sent] = await settled(notification, company_id, channel="push")
        assert [(each["channel"], each["status"]) for each in sent["attempts"]] == [("push", "sent")]
        left = [
            each async for each in notification.runtime.database["devices"].find({"userId": user_id, "active": True})
        ]
        assert [each["token"] for each in left] == [good]
        await notification.events.wait_for("device.removed", lambda e: e.data.user_id == user_id)
        assert sandbox.mails(address) == []

    async def test_falls_back_to_mail_where_every_device_is_gone(self, notification: Harness, sandbox: Sandbox) -> None:
        company_id, _, address = await admin_with(notification, f"unregistered-{new_id('t')}")
        await alert(notification, company_id)
        [sent] = await settled(notification, company_id, channel="email")
        assert [(each["channel"], each["status"]) for each in sent["attempts"]] == [
            ("push", "refused"),
            ("email", "sent"),
        ]
        assert len(sandbox.mails(address)) == 1

    async def test_leaves_a_failing_provider_at_once_when_it_is_critical(
        self, notification: Harness, sandbox: Sandbox
    ) -> None:
        company_id, _, address = await admin_with(notification, f"unavailable-{new_id('t')}")
        await alert(notification, company_id)
        [sent] = await settled(notification, company_id, channel="email")
        assert [each["status"] for each in sent["attempts"]] == ["failed", "sent"]
        assert len(sandbox.mails(address)) == 1

    async def test_sends_a_test_to_a_token_that_is_never_shown(self, notification: Harness) -> None:
        company_id, token = await found_company(notification), f"good-{new_id('t')}"
        async with notification.user("company_admin", company_id) as admin:
            made = await admin.post(f"{ROOT}/test", json={"channel": "push", "to": token})
            [stored] = await settled(notification, company_id)
            shown = await admin.get(f"{ROOT}/{stored['_id']}")
        assert (made.status_code, stored["status"]) == (201, "sent")
        assert stored["attempts"][0]["providerId"].startswith("projects/")
        assert token not in shown.text
