"""The analytics service on the real servers, and the events that it counts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest_asyncio

from common.clock import monotonic_seconds
from common.events.orders import OrderCancelled, OrderConfirmed, SaleCompleted
from common.events.parts import CompanySettings, OrderLine, Tender
from common.events.payments import PaymentRefunded
from common.events.tenancy import CompanyCreated
from common.ids import new_id
from common.money import Money
from common.testing import Harness, Infrastructure
from tests.gateway.backend import Served, answer

DEADLINE_SECONDS = 20
NOON = datetime(2011, 1, 4, 12, tzinfo=UTC)
RANGE = {"from": "2011-01-01", "to": "2011-01-31"}


class Owners:
    """Answers for catalog, sales and shop what they would tell of an id in ``facts``; company is away."""

    def __init__(self) -> None:
        self.facts: dict[str, dict[str, Any]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith("/company/"):
            return await answer(send, 503, {"code": "unavailable"})
        if scope["path"] == "/catalog/internal/products/lookup":
            products = [fact for each, fact in self.facts.items() if each.startswith("prd_")]
            return await answer(send, 200, {"items": products})
        found = self.facts.get(scope["path"].rpartition("/")[2])
        return await answer(send, 200 if found else 404, found or {"code": "not_found"})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owners() -> Owners:
    return Owners()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def analytics(infrastructure: Infrastructure, owners: Owners) -> AsyncIterator[Harness]:
    async with Served(owners) as behind:
        template = f"http://127.0.0.1:{behind.port}/{{name}}"
        async with Harness("analytics", infrastructure, MARKETHALL_SERVICE_URL_TEMPLATE=template) as harness:
            yield harness


async def company(harness: Harness, *, timezone: str = "Europe/London", currency: str = "GBP") -> str:
    """A company that has been announced."""
    company_id = new_id("cmp")
    created = CompanyCreated(
        company_id=company_id,
        name="Acme",
        slug="acme",
        status="active",
        currency=currency,
        timezone=timezone,
        settings=CompanySettings(),
    )
    await harness.publish(created, company_id)
    return company_id


def line(
    product: str = "A", quantity: int = 1, price: int = 100, currency: str = "GBP", sku: str | None = None
) -> OrderLine:
    unit, total = Money.of(price, currency), Money.of(price * quantity, currency)
    return OrderLine(
        id=new_id("itm"),
        product_id=f"prd_{product}",
        sku=sku or product,
        name=f"Product {product}",
        quantity=quantity,
        unit_price=unit,
        total=total,
    )


def _sold(lines: tuple[OrderLine, ...], shop: str | None) -> dict[str, Any]:
    lines = lines or (line(),)
    total = Money.total((each.total for each in lines), lines[0].total.currency)
    return {"order_id": new_id("ord"), "number": "1", "shop_id": shop, "lines": list(lines), "total": total}


def confirmed(*lines: OrderLine, at: datetime = NOON, shop: str | None = None) -> OrderConfirmed:
    return OrderConfirmed(**_sold(lines, shop), channel="web", payment_status="paid", placed_at=at)


def cancelled(*lines: OrderLine, was_confirmed: bool = True, shop: str | None = None) -> OrderCancelled:
    return OrderCancelled(
        **_sold(lines, shop), channel="web", reason="customer", was_confirmed=was_confirmed, placed_at=NOON
    )


def sale(*lines: OrderLine, at: datetime = NOON, shop: str | None = None) -> SaleCompleted:
    sold = _sold(lines, shop)
    tender = Tender(method="cash", amount=sold["total"])
    return SaleCompleted(
        **sold, client_sale_id="1", tenders=[tender], change=Money.zero(sold["total"].currency), sold_at=at
    )


def refund(amount: int, shop: str | None = None) -> PaymentRefunded:
    money = Money.of(amount, "GBP")
    return PaymentRefunded(
        payment_id="pay_1",
        order_id="ord_1",
        refund_id=new_id("rfd"),
        shop_id=shop,
        method="card",
        amount=money,
        refunded=money,
        captured=Money.of(1000, "GBP"),
        reason="customer",
    )


async def dashboard(
    harness: Harness, company_id: str, until: Callable[[dict[str, Any]], bool], **params: str
) -> dict[str, Any]:
    """The dashboard of a company once ``until`` holds."""
    deadline = monotonic_seconds() + DEADLINE_SECONDS
    async with harness.user("company_admin", company_id) as admin:
        while True:
            answer = await admin.get("/api/analytics/dashboard", params=params or RANGE)
            shown: dict[str, Any] = answer.json()
            if answer.status_code == 200 and until(shown):
                return shown
            assert monotonic_seconds() < deadline, shown
            await asyncio.sleep(0.02)


def gbp(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "GBP"}
