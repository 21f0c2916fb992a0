"""An operator of the platform makes an order go on; and what a cancellation says of its reason."""

from datetime import timedelta

import httpx2
import pytest

from common.ids import new_id
from services.realtime.domain.channels import channels_of
from tests.sales.builders import NOW
from tests.sales.builders import order as placed_order
from tests.sales.conftest import Trade

running = pytest.mark.asyncio(loop_scope="module")

WHY = {"reason": "its payment's answer was lost"}


def operating(trade: Trade) -> httpx2.AsyncClient:
    """The platform's own operator, within this company."""
    return trade.sales.user("super_admin", None, tenant=trade.company)


@running
class TestResume:
    async def test_tells_why_to_the_auditors_and_no_customer(self, trade: Trade) -> None:
        async with trade.customer() as customer, operating(trade) as operator:
            order = await trade.place(customer)
            answer = await operator.post(f"/api/orders/{order['id']}/resume", json=WHY)
        assert (answer.status_code, answer.json()["status"]) == (200, "pending")
        assert answer.json()["timeline"] == order["timeline"]
        [heard] = await trade.sales.events.wait_for("saga.resumed", lambda event: event.subject == order["id"])
        assert (heard.data.reason, heard.data.status) == (WHY["reason"], "pending")
        assert heard.company_id == trade.company
        assert channels_of(heard) == ()

    async def test_is_told_once_a_key(self, trade: Trade) -> None:
        async with trade.customer() as customer, operating(trade) as operator:
            order = await trade.place(customer)
            key = {"Idempotency-Key": new_id("key")}
            path = f"/api/orders/{order['id']}/resume"
            first, again = [await operator.post(path, json=WHY, headers=key) for _ in range(2)]
        assert first.json() == again.json()

    @pytest.mark.parametrize("role", ["company_admin", "shop_manager", "customer"])
    async def test_is_for_the_platform_alone(self, trade: Trade, role: str) -> None:
        async with trade.customer() as customer, trade.staff(role) as other:
            order = await trade.place(customer)
            refused = await other.post(f"/api/orders/{order['id']}/resume", json=WHY)
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")

    async def test_needs_a_reason(self, trade: Trade) -> None:
        async with trade.customer() as customer, operating(trade) as operator:
            order = await trade.place(customer)
            refused = await operator.post(f"/api/orders/{order['id']}/resume", json={"reason": "  "})
        assert refused.status_code == 422


class TestOverdue:
    def test_is_ended_without_a_sweeper(self) -> None:
        late = placed_order()
        late.resume(reason="the sweeper sleeps", now=NOW + timedelta(seconds=901))
        assert (late.status, late.cancel_reason) == ("cancelled", "expired")
        assert [event.TYPE for event in late.recorded][-2:] == ["order.cancelled", "saga.resumed"]

    def test_is_left_alone_before_its_deadline(self) -> None:
        early = placed_order()
        early.resume(reason="to be sure", now=NOW)
        assert early.status == "pending"


class TestCancellation:
    @running
    async def test_tells_the_remark_of_whoever_called_it_off(self, trade: Trade) -> None:
        async with trade.staff() as staff:
            order = await trade.place(staff)
            await staff.post(f"/api/orders/{order['id']}/cancel", json={"reason": "ordered twice"})
        [heard] = await trade.sales.events.wait_for("order.cancelled", lambda event: event.subject == order["id"])
        assert (heard.data.reason, heard.data.note) == ("staff", "ordered twice")

    def test_has_none_where_nobody_did(self) -> None:
        late = placed_order()
        late.expire(now=NOW + timedelta(seconds=901))
        assert late.recorded[-1].note is None  # type: ignore[attr-defined]
