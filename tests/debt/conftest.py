"""The debt service on real servers, and orders that are owed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx2
import pytest_asyncio

from common.clock import SystemClock, monotonic_seconds
from common.events.orders import CustomerCreated, OrderCancelled, OrderConfirmed
from common.ids import new_id
from common.money import Money
from common.testing import Harness, Infrastructure


@dataclass
class Lender:
    """A company that is owed money."""

    harness: Harness
    company: str = field(default_factory=lambda: new_id("cmp"))
    customer: str = field(default_factory=lambda: new_id("cus"))

    def admin(self) -> httpx2.AsyncClient:
        return self.harness.user("company_admin", self.company)

    async def confirm(self, order: str, *, method: str = "on_account", amount: int = 5000, times: int = 1) -> None:
        confirmed = OrderConfirmed(
            order_id=order,
            number="1",
            channel="web",
            customer_id=self.customer,
            lines=[],
            total=Money.of(amount, "GBP"),
            payment_method=method,
            payment_status="unpaid",
            placed_at=SystemClock().now(),
        )
        await self.harness.publish(confirmed, self.company, times=times)

    async def cancel(self, order: str, *, was_confirmed: bool = True) -> None:
        cancelled = OrderCancelled(
            order_id=order,
            number="1",
            channel="web",
            reason="customer",
            was_confirmed=was_confirmed,
            lines=[],
            total=Money.of(5000, "GBP"),
            payment_method="on_account",
            placed_at=SystemClock().now(),
        )
        await self.harness.publish(cancelled, self.company)

    async def owed(self, order: str) -> str:
        """The debt's id, once it was announced."""
        found = await self.harness.events.wait_for("debt.created", lambda event: event.data.order_id == order)
        return str(found[0].data.debt_id)

    async def hears(self, event_type: str, debt: str) -> dict[str, object]:
        found = await self.harness.events.wait_for(event_type, lambda event: event.data.debt_id == debt)
        return dict(found[0].data)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def harness(infrastructure: Infrastructure) -> AsyncIterator[Harness]:
    async with Harness("debt", infrastructure) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def lender(harness: Harness) -> Lender:
    return await known(Lender(harness))


@pytest_asyncio.fixture(loop_scope="module")
async def stranger(harness: Harness) -> Lender:
    """Another company."""
    return await known(Lender(harness))


async def known(lender: Lender) -> Lender:
    """The lender, once its customer's record has been heard of."""
    await lender.harness.publish(CustomerCreated(customer_id=lender.customer, name="Debtor"), lender.company)
    copies = lender.harness.app.state.runtime.database["customer_copies"]
    until = monotonic_seconds() + 15
    while await copies.find_one({"_id": lender.customer}) is None:
        assert monotonic_seconds() < until, "the customer was not heard of"
        await asyncio.sleep(0.02)
    return lender
