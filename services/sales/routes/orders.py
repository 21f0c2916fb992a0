"""Routes of orders."""

from typing import Annotated

from fastapi import APIRouter, Response

from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page, PageRequest
from common.web.etag import IfMatch, tag
from common.web.idempotency import Idempotent
from common.web.lists import listing
from services.sales.routes import translation
from services.sales.routes.parameters import OrderFilters, OrderToken, Sales, WaitSeconds
from services.sales.schemas.orders import CancelIn, HoldIn, OrderIn, OrderOut, OrderPatch, ResumeIn, StatusIn

router = APIRouter(prefix="/api/orders", tags=["orders"])

Buyer = Annotated[Principal, requires("orders.create", "own.orders")]
Reader = Annotated[Principal, requires("orders.read", "own.orders")]
Changer = Annotated[Principal, requires("orders.write", "own.orders")]
Writer = Annotated[Principal, requires("orders.write")]
Operator = Annotated[Principal, requires("platform.manage")]
Listing = Annotated[PageRequest, listing("placedAt", "number", "total")]


@router.post("", status_code=201)
async def place_order(
    body: OrderIn, who: Buyer, sales: Sales, once: Idempotent, wait: WaitSeconds, response: Response
) -> OrderOut:
    """Place an order; with ``Prefer: wait=N`` answered when it has ended."""

    async def work() -> OrderOut:
        asked = translation.asked(body)
        return translation.placed_out(await sales.placing.place(who, asked, once.id_for("ord"), wait))

    shown = await once(work, status=201)
    tag(response, shown.version)
    if wait:
        response.headers["Preference-Applied"] = f"wait={wait}"
    return shown


@router.get("")
async def list_orders(who: Reader, sales: Sales, filters: OrderFilters, page: Listing) -> Page[OrderOut]:
    """List orders: a customer's own, or those of the company or of one's shops."""
    criteria = await filters.criteria(who.tenant, sales.copies)
    return translation.orders_out(await sales.orders.browse(who, criteria, page))


@router.get("/{order_id}")
async def read_order(
    order_id: str, who: Reader, sales: Sales, response: Response, token: OrderToken = None
) -> OrderOut:
    """Read one order."""
    order = await sales.orders.read(who, order_id, token)
    tag(response, order.version)
    return translation.order_out(order)


@router.patch("/{order_id}")
async def edit_order(
    order_id: str,
    body: OrderPatch,
    who: Changer,
    sales: Sales,
    response: Response,
    token: OrderToken = None,
    if_match: IfMatch = None,
) -> OrderOut:
    """Change addresses or note before fulfilment."""
    changes = translation.changes(body.changes(), "shipping_address", "billing_address")
    order = await sales.orders.edit(who, order_id, token, changes, if_match)
    tag(response, order.version)
    return translation.order_out(order)


@router.post("/{order_id}/cancel")
async def cancel_order(
    order_id: str, who: Changer, sales: Sales, once: Idempotent, body: CancelIn | None = None, token: OrderToken = None
) -> OrderOut:
    """Call an order off; again: the same answer."""

    async def work() -> OrderOut:
        note = body.reason if body else None
        return translation.order_out(await sales.orders.cancel(who, order_id, token, note))

    return await once(work)


@router.post("/{order_id}/status")
async def move_order(order_id: str, body: StatusIn, who: Writer, sales: Sales, once: Idempotent) -> OrderOut:
    """Move an order to processing or completed."""

    async def work() -> OrderOut:
        return translation.order_out(await sales.orders.advance(who, order_id, body.status, once.id_for("req")))

    return await once(work)


@router.post("/{order_id}/hold")
async def hold_order(
    order_id: str, who: Writer, sales: Sales, once: Idempotent, body: HoldIn | None = None
) -> OrderOut:
    """Set a pending or confirmed order aside for a look; the deadline of a pending one runs on."""

    async def work() -> OrderOut:
        note = body.reason if body else None
        return translation.order_out(await sales.orders.hold(who, order_id, note, once.id_for("req")))

    return await once(work)


@router.post("/{order_id}/release")
async def release_order(order_id: str, who: Writer, sales: Sales, once: Idempotent) -> OrderOut:
    """Let a held order go on; it is confirmed when its goods are held and its money is covered."""

    async def work() -> OrderOut:
        return translation.order_out(await sales.orders.release(who, order_id, once.id_for("req")))

    return await once(work)


@router.post("/{order_id}/resume")
async def resume_order(order_id: str, body: ResumeIn, who: Operator, sales: Sales, once: Idempotent) -> OrderOut:
    """End an order that is overdue, and keep why an operator of the platform made it go on."""

    async def work() -> OrderOut:
        return translation.order_out(await sales.orders.resume(who, order_id, body.reason, once.id_for("req")))

    return await once(work)
