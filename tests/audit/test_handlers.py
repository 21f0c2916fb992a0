"""What the feed brings ends up in the chains, once."""

import pytest

from common.events.identity import UserSignedIn
from common.events.orders import OrderUpdated
from common.events.tenancy import ShopCreated, ShopStaffRemoved, ShopUpdated
from common.ids import new_id
from common.testing import Harness
from services.audit.domain import GENESIS, hash_of
from tests.audit.conftest import events_of, verify

pytestmark = pytest.mark.asyncio(loop_scope="module")


def opened(number: int) -> ShopCreated:
    return ShopCreated(shop_id=f"shp_{number}", name=f"Läden №{number}", code=f"S{number}", timezone="UTC")


class TestRecord:
    async def test_chains_the_events_of_a_company_in_their_order(self, audit: Harness) -> None:
        company = new_id("cmp")
        sent = [await audit.publish(opened(number), company) for number in range(5)]
        events = await events_of(audit, company, 5)
        assert [event["eventId"] for event in events] == sent
        assert [event["sequence"] for event in events] == [1, 2, 3, 4, 5]
        assert [event["previousHash"] for event in events] == [GENESIS, *(event["hash"] for event in events[:-1])]
        assert all(event["hash"] == hash_of(event) for event in events)

    async def test_shows_who_did_what_to_what(self, audit: Harness) -> None:
        company = new_id("cmp")
        event_id = await audit.publish(opened(1), company)
        event = (await events_of(audit, company, 1))[0]
        assert event["companyId"] == company
        assert event["actor"] == {"type": "user", "id": "test", "ip": None}
        assert event["action"] == "shop.created"
        assert event["resource"] == {"type": "shop", "id": "shp_1"}
        assert event["before"] is None
        assert event["after"]["code"] == "S1"
        assert event["requestId"].startswith("req_")
        assert event["eventId"] == event_id
        assert event["createdAt"] == event["updatedAt"] == event["at"]

    async def test_shows_before_and_after_of_an_edit(self, audit: Harness) -> None:
        company = new_id("cmp")
        edit = ShopUpdated(shop_id="shp_1", name="B", code="C", before={"name": "A"}, after={"name": "B"})
        await audit.publish(edit, company)
        event = (await events_of(audit, company, 1))[0]
        assert (event["before"], event["after"]) == ({"name": "A"}, {"name": "B"})
        assert event["resource"] == {"type": "shop", "id": "shp_1"}

    async def test_takes_an_event_that_was_sent_again_once(self, audit: Harness) -> None:
        company = new_id("cmp")
        event_id = await audit.publish(opened(1), company, times=3)
        await events_of(audit, company, 1)
        await audit.publish(opened(1), company, event_id=event_id)
        await audit.publish(opened(2), company)
        events = await events_of(audit, company, 2)
        assert [event["action"] for event in events] == ["shop.created", "shop.created"]
        assert (await verify(audit, company))["events"] == 2

    async def test_keeps_each_company_and_the_platform_apart(self, audit: Harness) -> None:
        first, second = new_id("cmp"), new_id("cmp")
        await audit.publish(UserSignedIn(user_id="usr_1", session_id="ses_1"), None)
        await audit.publish(opened(1), first)
        await audit.publish(ShopStaffRemoved(shop_id="shp_1", user_id="usr_1"), second)
        for company in (first, second, None):
            events = await events_of(audit, company, 1)
            assert [event["sequence"] for event in events] == [1]
            assert events[0]["companyId"] == company

    async def test_keeps_text_and_numbers_as_they_are(self, audit: Harness) -> None:
        company = new_id("cmp")
        change = {"a.b": 1.5, "$c": [10**15, 1.0, None, True], "é\U0001f600": '\u0000\n"ü\ufffd', "": {}}
        await audit.publish(OrderUpdated(order_id="ord_1", before=change, after={}), company)
        event = (await events_of(audit, company, 1))[0]
        assert event["before"] == change
        assert event["hash"] == hash_of(event)
        assert (await verify(audit, company))["ok"]
