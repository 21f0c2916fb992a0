"""Reports."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from common.web.lists import refuse_unknown
from services.analytics.routes.parameters import Analytics, Narrowed, Reader
from services.analytics.schemas.reports import (
    CustomerFiguresOut,
    OrderReportOut,
    OverviewOut,
    PaymentReportOut,
    ProductDaysOut,
    ProductReportOut,
    SalesReportOut,
    StockReportOut,
    TodayOut,
)
from services.analytics.service.reporting import Grouping

router = APIRouter(prefix="/api/analytics", tags=["analytics"], dependencies=[Depends(refuse_unknown)])

ProductOrder = Literal["revenue", "-revenue", "units", "-units"]


@router.get("/summary/overview")
async def read_overview(who: Reader, analytics: Analytics, asked: Narrowed) -> OverviewOut:
    """The main figures, beside those of as many days before."""
    return OverviewOut.of(await analytics.reports.overview(who, asked))


@router.get("/sales-metrics")
async def read_sales(
    who: Reader,
    analytics: Analytics,
    asked: Narrowed,
    grouping: Annotated[Grouping, Query(alias="groupBy")] = "day",
) -> SalesReportOut:
    """Sales by day, shop, channel or category."""
    return SalesReportOut.of(await analytics.reports.sales(who, asked, grouping), grouping)


@router.get("/product-performance")
async def read_products(
    who: Reader,
    analytics: Analytics,
    asked: Narrowed,
    sort: ProductOrder = "-revenue",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> ProductReportOut:
    """Products by what they brought in, or by how many were sold."""
    measure: Literal["revenue", "units"] = "units" if sort.endswith("units") else "revenue"
    best_first = sort.startswith("-")
    return ProductReportOut.of(
        await analytics.reports.products(who, asked, measure, best_first=best_first, limit=limit)
    )


@router.get("/products/{product_id}")
async def read_product(product_id: str, who: Reader, analytics: Analytics, asked: Narrowed) -> ProductDaysOut:
    """What one product brought in, by day."""
    return ProductDaysOut.of(product_id, *await analytics.reports.product(who, asked, product_id))


@router.get("/orders")
async def read_orders(who: Reader, analytics: Analytics, asked: Narrowed) -> OrderReportOut:
    """What became of orders, by day and channel, and why they were cancelled."""
    return OrderReportOut.of(await analytics.reports.orders(who, asked))


@router.get("/payments")
async def read_payments(who: Reader, analytics: Analytics, asked: Narrowed) -> PaymentReportOut:
    """Money in and out by method, and why tries failed."""
    return PaymentReportOut.of(await analytics.reports.payments(who, asked))


@router.get("/inventory")
async def read_stock(who: Reader, analytics: Analytics, asked: Narrowed) -> StockReportOut:
    """Pieces moved, by reason."""
    return StockReportOut.of(await analytics.reports.stock(who, asked))


@router.get("/customers/{customer_id}")
async def read_customer(customer_id: str, who: Reader, analytics: Analytics) -> CustomerFiguresOut:
    """What one customer bought."""
    return CustomerFiguresOut.of(*await analytics.reports.customer(who, customer_id))


@router.get("/real-time/current")
async def read_today(
    who: Reader, analytics: Analytics, shop_id: Annotated[str | None, Query(alias="shopId", max_length=80)] = None
) -> TodayOut:
    """The figures of the company's present day so far."""
    return TodayOut.today(await analytics.reports.today(who, shop_id))
