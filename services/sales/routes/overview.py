"""Routes of orders as a whole: recent, pending, high value, statistics, many at once, saved views."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends

from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page, PageRequest
from common.web.idempotency import Idempotent
from common.web.lists import listing, refuse_unknown
from services.sales.routes import translation
from services.sales.routes.parameters import OrderFilters, Sales, SpanFilters
from services.sales.schemas.orders import OrderOut
from services.sales.schemas.overview import BulkIn, BulkOut, StatisticsOut, ViewIn, ViewOut

router = APIRouter(prefix="/api/orders", tags=["orders"])

Reader = Annotated[Principal, requires("orders.read")]
Writer = Annotated[Principal, requires("orders.write")]
Listing = Annotated[PageRequest, listing("placedAt", "number", "total")]
ViewListing = Annotated[PageRequest, listing("name")]


@router.get("/recent")
async def list_recent(who: Reader, sales: Sales, filters: OrderFilters, page: Listing) -> Page[OrderOut]:
    """List the latest orders."""
    criteria = await filters.criteria(who.tenant, sales.copies)
    return translation.orders_out(await sales.orders.browse(who, criteria, page))


@router.get("/pending")
async def list_pending(who: Reader, sales: Sales, filters: OrderFilters, page: Listing) -> Page[OrderOut]:
    """List orders that are neither confirmed nor cancelled yet."""
    criteria = await replace(filters, status="pending").criteria(who.tenant, sales.copies)
    return translation.orders_out(await sales.orders.browse(who, criteria, page))


@router.get("/high_value")
async def list_high_value(who: Reader, sales: Sales, filters: OrderFilters, page: Listing) -> Page[OrderOut]:
    """List orders of ``minTotal`` minor units or more, cancelled ones apart; by default 1,000 of the currency."""
    return translation.orders_out(await sales.orders.browse_high_value(who, filters, page, sales.copies))


@router.get("/statistics", dependencies=[Depends(refuse_unknown)])
async def count_orders(who: Reader, sales: Sales, filters: SpanFilters) -> StatisticsOut:
    """Count orders placed in a span, by default the last thirty days, with their totals."""
    return StatisticsOut.model_validate(await sales.statistics.count(who, filters))


@router.post("/bulk")
async def act_on_many(body: BulkIn, who: Writer, sales: Sales, once: Idempotent) -> BulkOut:
    """Cancel up to 100 orders, or move them to processing or completed; a result a row."""

    async def work() -> BulkOut:
        rows = await sales.bulk.act(who, body.action, body.order_ids, once.id_for("req"))
        return translation.bulk_out(rows)

    return await once(work)


@router.get("/views")
async def list_views(who: Reader, sales: Sales, page: ViewListing) -> Page[ViewOut]:
    """List the company's saved views of the order list."""
    return translation.views_out(await sales.views.browse(who, page))


@router.post("/views", status_code=201)
async def save_view(body: ViewIn, who: Writer, sales: Sales, once: Idempotent) -> ViewOut:
    """Keep filters of the order list under a name."""

    async def work() -> ViewOut:
        filters = body.filters.model_dump(by_alias=True, exclude_none=True)
        view = await sales.views.save(who, once.id_for("vie"), body.name, filters, body.sort)
        return ViewOut.model_validate(view)

    return await once(work, status=201)


@router.delete("/views/{view_id}", status_code=204)
async def delete_view(view_id: str, who: Writer, sales: Sales) -> None:
    """Remove a saved view."""
    await sales.views.delete(who, view_id)
