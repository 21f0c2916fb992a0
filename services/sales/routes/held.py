"""Routes of sales that are set aside at tills."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page, PageRequest
from common.web.etag import tag
from common.web.idempotency import Idempotent
from common.web.lists import listing
from common.web.schema import Identifier
from services.sales.domain.lines import Wanted
from services.sales.routes.parameters import Sales
from services.sales.schemas.held import HeldItemOut, HeldSaleIn, HeldSaleOut
from services.sales.service.held import Aside, Recalled

router = APIRouter(prefix="/api/pos/held-sales", tags=["till"])

Seller = Annotated[Principal, requires("pos.sell")]
Listing = Annotated[PageRequest, listing()]
ShopId = Annotated[Identifier | None, Query(alias="shopId")]


@router.post("", status_code=201)
async def hold_sale(body: HeldSaleIn, who: Seller, sales: Sales, once: Idempotent) -> HeldSaleOut:
    """Set a sale aside; no stock is held for it."""

    async def work() -> HeldSaleOut:
        return _shown(await sales.held.hold(who, _aside(body, once.id_for("hld"))))

    return await once(work, status=201)


@router.get("")
async def list_held_sales(who: Seller, sales: Sales, page: Listing, shop_id: ShopId = None) -> Page[HeldSaleOut]:
    """List what waits in one's shops, with the prices of then."""
    found = await sales.held.browse(who, shop_id, page)
    shown = [_shown(Recalled(held, [item.listed_price for item in held.items])) for held in found.items]
    return Page(items=shown, next_cursor=found.next_cursor)


@router.get("/{held_sale_id}")
async def read_held_sale(held_sale_id: str, who: Seller, sales: Sales, response: Response) -> HeldSaleOut:
    """Read one, with the prices of then and now."""
    found = await sales.held.read(who, held_sale_id)
    tag(response, found.held.version)
    return _shown(found)


@router.post("/{held_sale_id}/recall")
async def recall_held_sale(held_sale_id: str, who: Seller, sales: Sales, once: Idempotent) -> HeldSaleOut:
    """Go on with it at this till; no other one gets it after that."""

    async def work() -> HeldSaleOut:
        return _shown(await sales.held.recall(who, held_sale_id))

    return await once(work)


@router.delete("/{held_sale_id}", status_code=204)
async def discard_held_sale(held_sale_id: str, who: Seller, sales: Sales) -> None:
    """Give it up."""
    await sales.held.discard(who, held_sale_id)


def _aside(body: HeldSaleIn, held_sale_id: str) -> Aside:
    items = [
        Wanted(item.product_id, item.variant_id, item.quantity, item.unit_price, item.discount) for item in body.items
    ]
    return Aside(held_sale_id, body.shop_id, body.name, items, body.customer_id, body.note)


def _shown(recalled: Recalled) -> HeldSaleOut:
    held = recalled.held
    items = [
        HeldItemOut(
            **item.model_dump(exclude={"listed_price", "unit_price", "discount"}),
            listed_price=item.listed_price,
            unit_price=item.unit_price,
            discount=item.discount,
            current_price=price,
            price_changed=price != item.listed_price,
        )
        for item, price in zip(held.items, recalled.prices, strict=True)
    ]
    shared = {name: getattr(held, name) for name in HeldSaleOut.model_fields if name != "items"}
    return HeldSaleOut(**shared, items=items)
