"""Stock by SKU, and what orders hold of it."""

from typing import Annotated

from fastapi import APIRouter, Query

from common.identity.requires import InternalCaller
from common.pagination import Page, PageRequest
from common.web.lists import listing
from common.web.schema import Search
from services.inventory.domain.reservation import State
from services.inventory.domain.stock import Status
from services.inventory.routes.parts import BASE, Adjuster, Inventory, Reader
from services.inventory.schemas import (
    AvailableOut,
    ExplanationOut,
    ReservationOut,
    SkuOut,
    StockFacts,
    StockOut,
    ThresholdPatch,
)

router = APIRouter(tags=["inventory"])

SKUS_LIMIT = 500


@router.get(f"{BASE}/products")
async def list_stock(
    who: Reader,
    inventory: Inventory,
    page: Annotated[PageRequest, listing("sku")],
    sku: str | None = None,
    warehouse_id: Annotated[str | None, Query(alias="warehouseId")] = None,
    status: Status | None = None,
    product_id: Annotated[str | None, Query(alias="productId", max_length=100)] = None,
    search: Annotated[Search | None, Query()] = None,
) -> Page[StockOut]:
    """List stock, a row a SKU and warehouse."""
    found = await inventory.reading.list_stock(
        who, page, sku=sku, warehouse_id=warehouse_id, status=status, product_id=product_id, search=search
    )
    return Page(items=[StockOut.model_validate(row) for row in found.items], next_cursor=found.next_cursor)


@router.get(f"{BASE}/products/{{sku:path}}/explanation")
async def explain_stock(sku: str, who: Reader, inventory: Inventory) -> ExplanationOut:
    """Explain what is on hand of a SKU by its movements."""
    return ExplanationOut.of(sku, await inventory.reading.explain(who, sku))


@router.get(f"{BASE}/products/{{sku:path}}")
async def read_stock(sku: str, who: Reader, inventory: Inventory) -> SkuOut:
    """Read the stock of one SKU."""
    return SkuOut.of(await inventory.reading.one_sku(who, sku))


@router.patch(f"{BASE}/products/{{sku:path}}")
async def set_threshold(sku: str, body: ThresholdPatch, who: Adjuster, inventory: Inventory) -> SkuOut:
    """Set the low-stock threshold of a SKU."""
    await inventory.adjusting.set_threshold(who, sku, body.warehouse_id, body.low_stock_threshold)
    return SkuOut.of(await inventory.reading.one_sku(who, sku))


@router.get(f"{BASE}/reservations")
async def list_reservations(
    who: Reader,
    inventory: Inventory,
    page: Annotated[PageRequest, listing()],
    order_id: Annotated[str | None, Query(alias="orderId")] = None,
    status: State | None = None,
    sku: str | None = None,
    warehouse_id: Annotated[str | None, Query(alias="warehouseId")] = None,
    start: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    end: Annotated[str | None, Query(alias="to", max_length=40)] = None,
) -> Page[ReservationOut]:
    """List what orders hold or took."""
    found = await inventory.reading.list_reservations(
        who, page, order_id=order_id, status=status, sku=sku, warehouse_id=warehouse_id, start=start, end=end
    )
    return Page(items=[ReservationOut.model_validate(one) for one in found.items], next_cursor=found.next_cursor)


@router.get(f"{BASE}/reservations/{{reservation_id}}")
async def read_reservation(reservation_id: str, who: Reader, inventory: Inventory) -> ReservationOut:
    """Read what an order holds or took."""
    return ReservationOut.model_validate(await inventory.reading.one_reservation(who, reservation_id))


@router.get("/internal/stock", include_in_schema=False)
async def tell_stock(
    who: InternalCaller, inventory: Inventory, skus: Annotated[str, Query(min_length=1, max_length=40_000)]
) -> StockFacts:
    """What other services may ask: availability of up to 500 SKUs, separated by commas."""
    found = await inventory.reading.available(who.tenant, skus.split(",")[:SKUS_LIMIT])
    return StockFacts(items=[AvailableOut(sku=sku, available=quantity) for sku, quantity in found.items()])
