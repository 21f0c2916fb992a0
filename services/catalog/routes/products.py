"""HTTP of products."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from common.web.etag import IfMatch, tag
from common.web.idempotency import Idempotent
from common.web.lists import refuse_unknown
from services.catalog.routes import batch
from services.catalog.routes.dependencies import Reader, UseCases, Writer
from services.catalog.routes.product_query import Asked, refuse_nul
from services.catalog.schemas.listing import ProductPage, SuggestionsOut
from services.catalog.schemas.products import BatchOut, ProductBatchIn, ProductIn, ProductOut, ProductPatch

router = APIRouter(prefix="/api/products", tags=["products"])


@router.post("", status_code=201)
async def create_product(
    body: ProductIn, who: Writer, catalog: UseCases, once: Idempotent, response: Response
) -> ProductOut:
    """Create a product."""

    async def create() -> ProductOut:
        return ProductOut.of(await catalog.products.create(who, body.draft(), once.id_for("prd")))

    product = await once(create, status=201)
    tag(response, product.version)
    return product


@router.post("/batch")
async def create_products(body: ProductBatchIn, who: Writer, catalog: UseCases, once: Idempotent) -> BatchOut:
    """Create up to 500 products; a result a row, none lost because another is bad."""
    drafts = [batch.read_row(row) for row in body.products]

    async def create() -> BatchOut:
        product_ids = [once.id_for("prd", number) for number in range(1, len(drafts) + 1)]
        return batch.tell(await catalog.products.create_batch(who, drafts, product_ids))

    return await once(create)


@router.get("")
async def list_products(asked: Asked, who: Reader, catalog: UseCases) -> ProductPage:
    """List and search products; `attr.NAME=VALUE` filters by attribute, `facets=` counts. Shoppers see active ones."""
    return ProductPage.of(await catalog.listing.list(who, asked))


@router.get("/suggestions")
async def suggest_products(
    request: Request,
    who: Reader,
    catalog: UseCases,
    q: Annotated[str, Query(min_length=1, max_length=100, examples=["lapt"])],
    limit: Annotated[int, Query(ge=1, le=20)] = 10,
) -> SuggestionsOut:
    """Suggest how a search that is being typed may go on."""
    refuse_unknown(request)
    refuse_nul(q=q)
    return SuggestionsOut.of(await catalog.suggestions.suggest(who, q, limit))


@router.get("/{product_id}")
async def read_product(product_id: str, who: Reader, catalog: UseCases, response: Response) -> ProductOut:
    """Read one product."""
    product = await catalog.products.read(who, product_id)
    tag(response, product.version)
    return ProductOut.of(product)


@router.patch("/{product_id}")
async def edit_product(
    product_id: str, body: ProductPatch, who: Writer, catalog: UseCases, response: Response, if_match: IfMatch = None
) -> ProductOut:
    """Change a product."""
    product = await catalog.products.edit(who, product_id, body.edits(), if_match)
    tag(response, product.version)
    return ProductOut.of(product)


@router.delete("/{product_id}", status_code=204)
async def archive_product(product_id: str, who: Writer, catalog: UseCases, if_match: IfMatch = None) -> None:
    """Archive a product."""
    await catalog.products.archive(who, product_id, if_match)
