"""Routes of returns at tills."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from common.events.parts import Tender
from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page, PageRequest
from common.web.etag import tag
from common.web.idempotency import Idempotent
from common.web.lists import listing
from common.web.schema import Identifier
from services.sales.domain.returned import Brought
from services.sales.domain.till_return import Counter
from services.sales.routes.parameters import Sales
from services.sales.schemas.returns import ReturnIn, ReturnOut
from services.sales.service.returns import Handed

router = APIRouter(prefix="/api/pos/returns", tags=["till"])

Seller = Annotated[Principal, requires("pos.sell")]
Listing = Annotated[PageRequest, listing()]


def _criteria(
    shop_id: Annotated[Identifier | None, Query(alias="shopId")] = None,
    order_id: Annotated[Identifier | None, Query(alias="orderId")] = None,
    client_return_id: Annotated[str | None, Query(alias="clientReturnId", max_length=100)] = None,
) -> dict[str, str]:
    wanted = {"shopId": shop_id, "orderId": order_id, "clientReturnId": client_return_id}
    return {name: value for name, value in wanted.items() if value is not None}


Criteria = Annotated[dict[str, str], Depends(_criteria)]


@router.post("", status_code=201)
async def take_return(body: ReturnIn, who: Seller, sales: Sales, once: Idempotent, response: Response) -> ReturnOut:
    """Take goods back; the same ``clientReturnId`` again answers the same return."""

    async def work() -> ReturnOut:
        made, is_known = await sales.returns.take(who, _handed(body, once.id_for("ret")))
        if is_known:
            response.headers["Idempotent-Replayed"] = "true"
        return ReturnOut.model_validate(made)

    return await once(work, status=201)


@router.get("")
async def list_returns(who: Seller, sales: Sales, criteria: Criteria, page: Listing) -> Page[ReturnOut]:
    """List returns of one's shops."""
    found = await sales.returns.browse(who, dict(criteria), page)
    return Page(items=[ReturnOut.model_validate(each) for each in found.items], next_cursor=found.next_cursor)


@router.get("/{return_id}")
async def read_return(return_id: str, who: Seller, sales: Sales, response: Response) -> ReturnOut:
    """Read one return."""
    found = await sales.returns.read(who, return_id)
    tag(response, found.version)
    return ReturnOut.model_validate(found)


def _handed(body: ReturnIn, return_id: str) -> Handed:
    counter = Counter(
        return_id=return_id,
        client_return_id=body.client_return_id,
        shop_id=body.shop_id,
        outcome=body.outcome,
        tenders=[Tender(method=tender.method, amount=tender.amount) for tender in body.refund_tenders],
        reason=body.reason,
        fingerprint=body.fingerprint(),
    )
    brought = [
        Brought(item.item_id, item.product_id, item.variant_id, item.quantity, item.unit_price) for item in body.items
    ]
    return Handed(counter, brought, body.sale_id or body.order_id, is_sale=body.sale_id is not None)
