"""Routes of till sales."""

from typing import Annotated

from fastapi import APIRouter, Response

from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page, PageRequest
from common.web.etag import tag
from common.web.idempotency import Idempotent
from common.web.lists import listing
from services.sales.routes import translation
from services.sales.routes.parameters import SaleFilters, Sales
from services.sales.schemas.till import SaleBatchIn, SaleBatchOut, SaleIn, SaleOut

router = APIRouter(prefix="/api/pos/sales", tags=["till"])

Seller = Annotated[Principal, requires("pos.sell")]
Listing = Annotated[PageRequest, listing("placedAt", "number")]


@router.post("", status_code=201)
async def ring_up(body: SaleIn, who: Seller, sales: Sales, once: Idempotent, response: Response) -> SaleOut:
    """Accept a sale; the same ``clientSaleId`` again answers the same sale."""

    async def work() -> SaleOut:
        outcome = await sales.till.ring_up(who, translation.rung(body))
        if outcome.status == "replayed":
            response.headers["Idempotent-Replayed"] = "true"
        assert outcome.order is not None
        return translation.sale_out(outcome.order)

    return await once(work, status=201)


@router.post("/batch")
async def ring_up_batch(body: SaleBatchIn, who: Seller, sales: Sales, once: Idempotent) -> SaleBatchOut:
    """Accept up to 500 sales made offline; a result a row."""

    async def work() -> SaleBatchOut:
        rows = [translation.row(content) for content in body.sales]
        return translation.batch_out(await sales.till.ring_up_rows(who, rows))

    return await once(work)


@router.get("")
async def list_sales(who: Seller, sales: Sales, filters: SaleFilters, page: Listing) -> Page[SaleOut]:
    """List till sales of one's shops."""
    criteria = await filters.criteria(who.tenant, sales.copies)
    return translation.sales_out(await sales.till.browse(who, criteria, page))


@router.get("/{sale_id}")
async def read_sale(sale_id: str, who: Seller, sales: Sales, response: Response) -> SaleOut:
    """Read one till sale."""
    order = await sales.till.read(who, sale_id)
    tag(response, order.version)
    return translation.sale_out(order)
