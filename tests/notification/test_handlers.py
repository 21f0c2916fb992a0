"""Events become messages, once each, on the real servers and a real mail server."""

import asyncio

import pytest

from common.events.identity import UserCreated
from common.events.orders import CustomerCreated
from common.events.stock import OutOfStock
from common.ids import new_id
from common.testing import Harness
from tests.notification.facts import confirmed, found_company
from tests.notification.sandbox import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestTellBuyer:
    async def test_mails_once_however_often_the_event_comes(self, notification: Harness, sandbox: Sandbox) -> None:
        company_id, address = await found_company(notification), f"{new_id('a')}@buyers.example"
        await notification.publish(confirmed(address), company_id, times=3)
        after = confirmed(address)
        await notification.publish(after, company_id)
        await notification.events.wait_for("notification.sent", lambda e: e.company_id == company_id, count=2)
        mails = sandbox.mails(address)
        assert [mail["subject"] for mail in mails] == ["Your order O-1 is confirmed"] * 2
        assert len({mail["messageId"] for mail in mails}) == 2

    async def test_shows_a_refusal_and_does_not_repeat_it(self, notification: Harness) -> None:
        company_id = await found_company(notification)
        await notification.publish(confirmed("bounce@buyers.example"), company_id)
        await notification.events.wait_for("notification.failed", lambda e: e.company_id == company_id)
        async with notification.user("company_admin", company_id) as admin:
            item = (await admin.get("/api/notifications")).json()["items"][0]
        assert (item["status"], len(item["attempts"]), item["attempts"][0]["status"]) == ("bounced", 1, "refused")


class TestAlertStock:
    async def test_shows_staff_at_once_and_gathers_mails_to_each_admin(
        self, notification: Harness, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(notification.service.composing, "_gather_seconds", 2)
        company_id, address = await found_company(notification), f"{new_id('a')}@staff.example"
        await notification.publish(UserCreated(user_id="usr_1", email=address, role="company_admin"), company_id)
        await notification.publish(UserCreated(user_id="usr_2", email=f"x{address}", role="shop_staff"), company_id)
        staff = notification.service.recipients.staff.collection
        async with asyncio.timeout(10):
            while await staff.count_documents({"companyId": company_id}) < 2:
                await asyncio.sleep(0.02)
        for sku in ("A", "B", "C"):
            fact = OutOfStock(stock_id=f"stk_{sku}", sku=sku, warehouse_id="whs_1", available=0, threshold=5)
            await notification.publish(fact, company_id, times=2)
        await notification.events.wait_for("notification.sent", lambda e: e.company_id == company_id)
        async with notification.user("company_admin", company_id) as client:
            items = (await client.get("/api/notifications", params={"type": "stock_alert"})).json()["items"]
        assert sorted(item["channel"] for item in items) == ["email", "in_app", "in_app", "in_app"]
        assert {item["reference"]["id"] for item in items if item["channel"] == "in_app"} == {"A", "B", "C"}
        mails = sandbox.mails(address)
        assert len(mails) == 1
        assert mails[0]["subject"].endswith("out of stock and 2 more")
        assert sandbox.mails(f"x{address}") == []
        alerts = [e for e in notification.events.heard if e.type == "notification.critical_alert"]
        assert len([e for e in alerts if e.company_id == company_id]) == 3


class TestList:
    async def test_customers_see_their_own_only(self, notification: Harness) -> None:
        company_id = await found_company(notification)
        known = CustomerCreated(customer_id="cus_1", user_id=None, email="c@buyers.example")
        await notification.publish(known, company_id)
        customers = notification.runtime.database["customers"]
        async with asyncio.timeout(10):
            while not await customers.count_documents({"companyId": company_id}):
                await asyncio.sleep(0.02)
        await notification.publish(confirmed("c@buyers.example", "cus_1"), company_id)
        await notification.events.wait_for("notification.sent", lambda e: e.company_id == company_id)
        async with notification.user("customer", company_id, customer_id="cus_1") as mine:
            own = (await mine.get("/api/notifications")).json()["items"]
        async with notification.user("customer", company_id, customer_id="cus_2") as other:
            foreign = (await other.get("/api/notifications")).json()["items"]
            hidden = await other.get(f"/api/notifications/{own[0]['id']}")
        async with notification.user("company_admin", new_id("cmp")) as stranger:
            elsewhere = await stranger.get(f"/api/notifications/{own[0]['id']}")
        assert (len(own), foreign, hidden.status_code, elsewhere.status_code) == (1, [], 404, 404)
        assert own[0]["recipient"] == {"userId": None, "customerId": "cus_1", "address": "c@buyers.example"}
