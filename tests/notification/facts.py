"""Facts of other services, messages as the API shows them, and waiting for them."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from common.events.orders import CustomerCreated, OrderConfirmed
from common.events.parts import CompanySettings, OrderLine
from common.events.tenancy import CompanyCreated
from common.ids import new_id
from common.money import Money
from common.testing import Harness

PRICE = Money(amount=500, currency="EUR")
DEADLINE_SECONDS = 20


async def found_company(notification: Harness) -> str:
    """A company whose name is known."""
    company_id = new_id("cmp")
    fact = CompanyCreated(
        company_id=company_id,
        name="Acme",
        slug=company_id[4:],
        status="active",
        currency="EUR",
        timezone="UTC",
        settings=CompanySettings(),
    )
    await notification.publish(fact, company_id)
    await until(notification, "companies", {"_id": company_id})
    return company_id


async def meet_customer(notification: Harness, company_id: str, **known: Any) -> str:
    """A customer whose record is known."""
    customer_id = new_id("cus")
    await notification.publish(CustomerCreated(customer_id=customer_id, **known), company_id)
    await until(notification, "customers", {"_id": customer_id})
    return customer_id


async def until(
    notification: Harness, collection: str, criteria: dict[str, Any], count: int = 1
) -> list[dict[str, Any]]:
    """The documents once there are so many that match."""
    found: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(found) < count:
                found = [each async for each in notification.runtime.database[collection].find(criteria).limit(100)]
                await asyncio.sleep(0.03)
    except TimeoutError:
        present = [each async for each in notification.runtime.database[collection].find().limit(5).sort("_id", -1)]
        raise AssertionError(f"waited for {count} of {criteria}, there are {present}") from None
    return found


async def settled(
    notification: Harness, company_id: str | None, count: int = 1, **criteria: Any
) -> list[dict[str, Any]]:
    """The company's messages that are queued no more."""
    final = {"companyId": company_id, "status": {"$ne": "queued"}, **criteria}
    return await until(notification, "notifications", final, count)


def confirmed(email: str | None, customer_id: str | None = None, number: str = "O-1") -> OrderConfirmed:
    """An order that was confirmed."""
    line = OrderLine(id="l1", product_id="prd_1", sku="A", name="Apple", quantity=2, unit_price=PRICE, total=PRICE * 2)
    return OrderConfirmed(
        order_id=new_id("ord"),
        number=number,
        channel="web",
        customer_id=customer_id,
        email=email,
        lines=[line],
        total=PRICE * 2,
        payment_status="paid",
        placed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
