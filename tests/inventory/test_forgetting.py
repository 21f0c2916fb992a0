"""What has ended is forgotten, later than any event can come again, and takes nothing even then."""

import pytest

from tests.inventory.conftest import Company

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestForget:
    async def test_only_what_has_ended(self, company: Company) -> None:
        await company.stock("A", 5)
        freed, sold = await company.order(("A", 1)), await company.order(("A", 1))
        for order in (freed, sold):
            await company.ended(order.order_id, "held")
        await company.cancel(freed)
        await company.confirm(sold)
        await company.ended(freed.order_id, "released")
        await company.ended(sold.order_id, "deducted")
        reservations = company.harness.runtime.database["reservations"]
        ended = {one["orderId"]: one["endedAt"] async for one in reservations.find({"companyId": company.id})}
        assert ended[freed.order_id] is not None
        assert ended[sold.order_id] is None  # it may come back
        (days,) = [
            index["expireAfterSeconds"] / 86_400
            for index in (await reservations.index_information()).values()
            if index["key"] == [("endedAt", 1)]
        ]
        assert days > 7 + 30

    async def test_and_an_order_that_old_takes_nothing(self, company: Company) -> None:
        await company.stock("A", 5)
        await company.order(("A", 1), deadline_seconds=-2 * 86_400)
        later = await company.order(("A", 1))
        await company.ended(later.order_id, "held")
        assert (await company.row("A"))["reserved"] == 1
