"""HTTP of carts. Every answer about a cart is the whole cart."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from common.errors import Invalid
from common.pagination import Page, PageRequest
from common.web.lists import listing, refuse_unknown
from services.catalog.domain.totals import PricedCart
from services.catalog.routes.dependencies import Shopper, UseCases, page_of, tagged
from services.catalog.schemas.carts import CartLineChange, CartLineIn, CartOut, QuantityIn, SavedCartIn, SavedCartOut
from services.catalog.service.carts import CartHolder

router = APIRouter(prefix="/api/cart", tags=["cart"])

CART_TOKEN = "X-Cart-Token"


def _holder(who: Shopper, token: Annotated[str | None, Header(alias=CART_TOKEN, max_length=200)] = None) -> CartHolder:
    return CartHolder.of(who, token)


Holder = Annotated[CartHolder, Depends(_holder)]
ProductName = Annotated[str | None, Query(alias="productId", max_length=100)]
VariantName = Annotated[str | None, Query(alias="variantId", max_length=100)]


@router.get("")
async def read_cart(who: Shopper, holder: Holder, catalog: UseCases, response: Response) -> CartOut:
    """Read the cart."""
    return _shown(response, await catalog.carts.show(holder))


@router.get("/items")
async def read_cart_items(who: Shopper, holder: Holder, catalog: UseCases, response: Response) -> CartOut:
    """Read the cart."""
    return _shown(response, await catalog.carts.show(holder))


@router.post("/items")
async def add_to_cart(body: CartLineIn, who: Shopper, holder: Holder, catalog: UseCases, response: Response) -> CartOut:
    """Put something into the cart."""
    added = await catalog.carts.add(holder, body.product_id, body.variant_id, body.quantity)
    return _shown(response, added)


@router.patch("/items")
async def change_cart(
    body: CartLineChange, who: Shopper, holder: Holder, catalog: UseCases, response: Response
) -> CartOut:
    """Set how many of something are in the cart; 0 takes it out."""
    changed = await catalog.carts.set_quantity(holder, body.product_id, body.variant_id, body.quantity)
    return _shown(response, changed)


@router.delete("/items")
async def remove_from_cart(
    request: Request,
    who: Shopper,
    holder: Holder,
    catalog: UseCases,
    response: Response,
    product_id: ProductName = None,
    variant_id: VariantName = None,
) -> CartOut:
    """Take a product or variant out of the cart; without a name, everything."""
    refuse_unknown(request)
    if variant_id is not None and product_id is None:
        raise Invalid("invalid_query", "Name the product as well.", [("productId", "is needed")])
    return _shown(response, await catalog.carts.remove(holder, product_id, variant_id))


@router.patch("/items/{line_id}")
async def change_cart_line(
    line_id: str, body: QuantityIn, who: Shopper, holder: Holder, catalog: UseCases, response: Response
) -> CartOut:
    """Set the quantity of one line; 0 takes it out."""
    return _shown(response, await catalog.carts.set_line(holder, line_id, body.quantity))


@router.delete("/items/{line_id}")
async def remove_cart_line(
    line_id: str, who: Shopper, holder: Holder, catalog: UseCases, response: Response
) -> CartOut:
    """Take one line out of the cart."""
    return _shown(response, await catalog.carts.set_line(holder, line_id, 0))


@router.post("/saved", status_code=201)
async def save_cart(
    body: SavedCartIn, who: Shopper, holder: Holder, catalog: UseCases, response: Response
) -> SavedCartOut:
    """Put the cart aside under a name; it stays as it is."""
    return tagged(response, SavedCartOut, await catalog.saved_carts.save(holder, body.name))


@router.get("/saved")
async def list_saved_carts(
    who: Shopper, holder: Holder, catalog: UseCases, page: Annotated[PageRequest, listing("name")]
) -> Page[SavedCartOut]:
    """List the carts put aside."""
    return page_of(SavedCartOut, await catalog.saved_carts.list(holder, page))


@router.post("/saved/{saved_id}/restore")
async def restore_cart(saved_id: str, who: Shopper, holder: Holder, catalog: UseCases, response: Response) -> CartOut:
    """Put what was saved into the cart, beside what is there."""
    return _shown(response, await catalog.saved_carts.restore(holder, saved_id))


@router.delete("/saved/{saved_id}", status_code=204)
async def forget_saved_cart(saved_id: str, who: Shopper, holder: Holder, catalog: UseCases) -> None:
    """Forget a cart put aside."""
    await catalog.saved_carts.remove(holder, saved_id)


def _shown(response: Response, priced: PricedCart) -> CartOut:
    if priced.cart.owner_id is None:
        response.headers[CART_TOKEN] = priced.token
    return CartOut.of(priced)
