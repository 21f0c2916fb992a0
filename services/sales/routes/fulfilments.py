"""Routes of parcels: hand over, packing slip, delivery."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from fastapi.responses import HTMLResponse

from common.identity.principal import Principal
from common.identity.requires import requires
from common.web.etag import tag
from common.web.idempotency import Idempotent
from services.sales.routes import translation
from services.sales.routes.packing_page import page_of
from services.sales.routes.parameters import Sales
from services.sales.schemas.orders import FulfilmentIn, OrderOut, TrackingIn
from services.sales.schemas.packing import PackingSlip

router = APIRouter(prefix="/api/orders", tags=["fulfilments"])

Shipper = Annotated[Principal, requires("orders.fulfil")]
Accept = Annotated[str, Header(max_length=1000)]
AS_PAGE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}


@router.post("/{order_id}/fulfilments")
async def fulfil_order(
    order_id: str, who: Shipper, sales: Sales, once: Idempotent, body: FulfilmentIn | None = None
) -> OrderOut:
    """Hand over some lines, or all that is left."""

    async def work() -> OrderOut:
        parcel = translation.parcel(body or FulfilmentIn(), once.id_for("ful"))
        return translation.order_out(await sales.orders.fulfil(who, order_id, parcel))

    return await once(work)


@router.patch("/{order_id}/fulfilments/{fulfilment_id}")
async def track_parcel(
    order_id: str, fulfilment_id: str, body: TrackingIn, who: Shipper, sales: Sales, response: Response
) -> OrderOut:
    """Note or change where a parcel is followed."""
    order = await sales.orders.track(who, order_id, fulfilment_id, body.tracking)
    tag(response, order.version)
    return translation.order_out(order)


@router.get("/{order_id}/fulfilments/{fulfilment_id}/packing-slip", response_model=PackingSlip, responses=AS_PAGE)
async def read_packing_slip(
    order_id: str, fulfilment_id: str, who: Shipper, sales: Sales, accept: Accept = "*/*"
) -> PackingSlip | HTMLResponse:
    """Read what lies in a parcel; as a page to print where ``text/html`` is accepted."""
    order = await sales.orders.read(who, order_id, needs="orders.fulfil")
    slip = translation.packing_slip(order, fulfilment_id)
    return HTMLResponse(page_of(slip)) if "text/html" in accept else slip


@router.post("/{order_id}/deliver")
async def deliver_order(order_id: str, who: Shipper, sales: Sales, once: Idempotent) -> OrderOut:
    """Note that everything arrived."""

    async def work() -> OrderOut:
        return translation.order_out(await sales.orders.deliver(who, order_id, once.id_for("req")))

    return await once(work)
