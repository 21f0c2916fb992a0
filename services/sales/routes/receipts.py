"""Routes of receipts: shown as JSON, page or text, and mailed."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from common.identity.principal import Principal
from common.identity.requires import internal_from, requires
from common.web.idempotency import Idempotent
from services.sales.routes.parameters import Sales
from services.sales.routes.receipt_page import page_of, text_of
from services.sales.schemas.receipts import ReceiptMailIn, ReceiptMailOut, ReceiptOut, ReceiptText

router = APIRouter(prefix="/api/pos/sales", tags=["till"])
internal = APIRouter(prefix="/internal/sales", tags=["internal"], include_in_schema=False)

Sender = Annotated[Principal, internal_from("notification")]

Seller = Annotated[Principal, requires("pos.sell")]
Accept = Annotated[str, Header(max_length=1000)]
_PLAIN = {"schema": {"type": "string"}}
IN_OTHER_FORMS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": _PLAIN, "text/plain": _PLAIN}}}


@router.get("/{sale_id}/receipt", response_model=ReceiptOut, responses=IN_OTHER_FORMS)
async def read_receipt(sale_id: str, who: Seller, sales: Sales, accept: Accept = "*/*") -> ReceiptOut | Response:
    """Read a receipt; as a page to print or as text of 42 columns where that is accepted."""
    receipt = ReceiptOut.model_validate(await sales.receipts.read(who, sale_id))
    if "text/html" in accept:
        return HTMLResponse(page_of(receipt))
    return PlainTextResponse(text_of(receipt)) if "text/plain" in accept else receipt


@router.post("/{sale_id}/receipt/email", status_code=202)
async def mail_receipt(
    sale_id: str, body: ReceiptMailIn, who: Seller, sales: Sales, once: Idempotent
) -> ReceiptMailOut:
    """Send a receipt by mail, once a request."""

    async def work() -> ReceiptMailOut:
        request_id = once.id_for("req")
        await sales.receipts.mail(who, sale_id, body.email, request_id)
        return ReceiptMailOut(request_id=request_id, email=body.email)

    return await once(work, status=202)


@internal.get("/{sale_id}/receipt")
async def tell_receipt(sale_id: str, who: Sender, sales: Sales) -> ReceiptText:
    """A receipt as text, for the mail."""
    receipt = ReceiptOut.model_validate(await sales.receipts.tell(who.tenant, sale_id))
    return ReceiptText(number=receipt.number, shop_name=receipt.shop_name, text=text_of(receipt))
