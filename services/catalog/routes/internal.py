"""What other services may ask of catalog."""

from typing import Annotated

from fastapi import APIRouter

from common.identity.principal import Principal
from common.identity.requires import internal_from
from services.catalog.routes.dependencies import UseCases
from services.catalog.schemas.internal import CartFacts, LookupIn, LookupOut, ProductFacts

router = APIRouter(prefix="/internal", include_in_schema=False)

ProductReader = Annotated[Principal, internal_from("sales", "inventory", "analytics")]
Seller = Annotated[Principal, internal_from("sales")]


@router.post("/products/lookup")
async def look_up_products(body: LookupIn, who: ProductReader, catalog: UseCases) -> LookupOut:
    """Products by id or SKU, whatever their status."""
    found = await catalog.products.look_up(who.tenant, body.product_ids, body.skus)
    return LookupOut(items=[ProductFacts.of(product) for product in found])


@router.get("/carts/{reference}")
async def tell_cart(reference: str, who: Seller, catalog: UseCases) -> CartFacts:
    """A cart by its id or token."""
    cart = await catalog.carts.tell(who.tenant, reference)
    return CartFacts.of(cart, reference, await catalog.companies.currency_of(who.tenant))
