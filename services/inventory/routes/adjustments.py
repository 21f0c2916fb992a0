"""Adjustments by hand, and the ledger they are entered in."""

from typing import Annotated

from fastapi import APIRouter, Query

from common.pagination import Page, PageRequest
from common.web.idempotency import Idempotent
from common.web.lists import listing
from services.inventory.domain.ledger import Reason
from services.inventory.routes.batches import enter_batch
from services.inventory.routes.parts import BASE, Adjuster, Inventory, Reader
from services.inventory.schemas import AdjustmentIn, AdjustmentsIn, AdjustmentsOut, MovementOut
from services.inventory.service.adjusting import Adjustment

router = APIRouter(prefix=BASE, tags=["inventory"])


@router.post("/adjustments", status_code=201)
async def adjust(body: AdjustmentIn, who: Adjuster, inventory: Inventory, once: Idempotent) -> MovementOut:
    """Adjust the stock of a SKU."""

    async def work() -> MovementOut:
        wanted = Adjustment(movement_id=once.id_for("mov"), **body.model_dump())
        return MovementOut.model_validate(await inventory.adjusting.adjust(who, wanted))

    return await once(work, status=201)


@router.post("/adjustments/batch")
async def adjust_batch(body: AdjustmentsIn, who: Adjuster, inventory: Inventory, once: Idempotent) -> AdjustmentsOut:
    """Adjust up to 500 SKUs; a result a row."""

    return await once(lambda: enter_batch(inventory.adjusting, who, body, once))


@router.get("/movements")
async def list_movements(
    who: Reader,
    inventory: Inventory,
    page: Annotated[PageRequest, listing("at")],
    sku: str | None = None,
    warehouse_id: Annotated[str | None, Query(alias="warehouseId")] = None,
    reason: Reason | None = None,
    reference_id: Annotated[str | None, Query(alias="referenceId", max_length=100)] = None,
    start: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    end: Annotated[str | None, Query(alias="to", max_length=40)] = None,
) -> Page[MovementOut]:
    """List the stock ledger."""
    found = await inventory.reading.list_movements(
        who,
        page,
        sku=sku,
        warehouse_id=warehouse_id,
        reason=reason,
        reference_id=reference_id,
        start=start,
        end=end,
    )
    return Page(items=[MovementOut.model_validate(one) for one in found.items], next_cursor=found.next_cursor)
