"""Receipts of till sales by mail: once a request, to the address that was named."""

import pytest

from common.events.orders import SaleReceiptRequested
from common.ids import new_id
from common.testing import Harness
from tests.notification.desk import Desk
from tests.notification.facts import found_company, settled
from tests.notification.sandbox import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")


def asked(sale_id: str, address: str) -> SaleReceiptRequested:
    return SaleReceiptRequested(order_id=sale_id, number="TS-1", email=address, request_id=new_id("req"))


class TestSendReceipt:
    async def test_mails_the_text_once_a_request(self, notification: Harness, sandbox: Sandbox, desk: Desk) -> None:
        company_id, sale_id, address = await found_company(notification), new_id("ord"), f"{new_id('a')}@x.example"
        desk.receipts[sale_id] = {"number": "TS-1", "shopName": "Mill", "text": "2 x <Mug>  20.00\nTotal 20.00\n"}
        await notification.publish(asked(sale_id, address), company_id, times=3)
        [stored] = await settled(notification, company_id)
        [mail] = sandbox.mails(address)
        assert (stored["status"], stored["type"], stored["reference"]["id"]) == ("sent", "till_receipt", sale_id)
        assert mail["subject"] == "Your receipt TS-1"
        assert "2 x <Mug>  20.00" in mail["text"]
        assert "<Mug>" not in mail["html"]

    async def test_sends_nothing_for_a_sale_that_is_not_there(
        self, notification: Harness, sandbox: Sandbox, desk: Desk
    ) -> None:
        company_id, there, address = await found_company(notification), new_id("ord"), f"{new_id('a')}@x.example"
        desk.receipts[there] = {"number": "TS-2", "shopName": "Mill", "text": "Total 1.00"}
        await notification.publish(asked(new_id("ord"), address), company_id)
        await notification.publish(asked(there, address), company_id)
        await settled(notification, company_id)
        assert [mail["subject"] for mail in sandbox.mails(address)] == ["Your receipt TS-2"]
