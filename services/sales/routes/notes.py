"""Routes of notes that staff leave on orders and customers."""

from typing import Annotated

from fastapi import APIRouter

from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page, PageRequest
from common.web.idempotency import Idempotent
from common.web.lists import listing
from services.sales.routes import translation
from services.sales.routes.parameters import Sales
from services.sales.schemas.notes import NoteIn, NoteOut

router = APIRouter(tags=["notes"])

OrderReader = Annotated[Principal, requires("orders.read")]
OrderWriter = Annotated[Principal, requires("orders.write")]
CustomerReader = Annotated[Principal, requires("customers.read")]
CustomerWriter = Annotated[Principal, requires("customers.write")]
Listing = Annotated[PageRequest, listing()]


@router.post("/api/orders/{order_id}/notes", status_code=201)
async def note_order(order_id: str, body: NoteIn, who: OrderWriter, sales: Sales, once: Idempotent) -> NoteOut:
    """Write a note on an order; customers never see it."""

    async def work() -> NoteOut:
        note = await sales.notes.write(who, "order", order_id, body.text, once.id_for("nte"))
        return NoteOut.model_validate(note)

    return await once(work, status=201)


@router.get("/api/orders/{order_id}/notes")
async def list_order_notes(order_id: str, who: OrderReader, sales: Sales, page: Listing) -> Page[NoteOut]:
    """List the notes on an order."""
    return translation.notes_out(await sales.notes.browse(who, "order", order_id, page))


@router.post("/api/customers/{customer_id}/notes", status_code=201)
async def note_customer(customer_id: str, body: NoteIn, who: CustomerWriter, sales: Sales, once: Idempotent) -> NoteOut:
    """Write a note on a customer, who never sees it."""

    async def work() -> NoteOut:
        note = await sales.notes.write(who, "customer", customer_id, body.text, once.id_for("nte"))
        return NoteOut.model_validate(note)

    return await once(work, status=201)


@router.get("/api/customers/{customer_id}/notes")
async def list_customer_notes(customer_id: str, who: CustomerReader, sales: Sales, page: Listing) -> Page[NoteOut]:
    """List the notes on a customer."""
    return translation.notes_out(await sales.notes.browse(who, "customer", customer_id, page))
