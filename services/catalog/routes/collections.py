"""HTTP of collections."""

from typing import Annotated

from fastapi import APIRouter, Response

from common.pagination import Page, PageRequest
from common.web.etag import IfMatch
from common.web.lists import listing
from services.catalog.routes.dependencies import Reader, UseCases, Writer, page_of, tagged
from services.catalog.schemas.collections import CollectionIn, CollectionOut, CollectionPatch

router = APIRouter(prefix="/api/collections", tags=["collections"])


@router.post("", status_code=201)
async def create_collection(body: CollectionIn, who: Writer, catalog: UseCases, response: Response) -> CollectionOut:
    """Create a collection."""
    return tagged(response, CollectionOut, await catalog.collections.create(who, body.fields()))


@router.get("")
async def list_collections(
    who: Reader, catalog: UseCases, page: Annotated[PageRequest, listing("name")]
) -> Page[CollectionOut]:
    """List collections."""
    return page_of(CollectionOut, await catalog.collections.list(who, page))


@router.get("/{collection_id}")
async def read_collection(collection_id: str, who: Reader, catalog: UseCases, response: Response) -> CollectionOut:
    """Read one collection; its products are `GET /api/products?collectionId=`."""
    return tagged(response, CollectionOut, await catalog.collections.read(who, collection_id))


@router.patch("/{collection_id}")
async def edit_collection(
    collection_id: str,
    body: CollectionPatch,
    who: Writer,
    catalog: UseCases,
    response: Response,
    if_match: IfMatch = None,
) -> CollectionOut:
    """Change a collection."""
    changed = await catalog.collections.edit(who, collection_id, body.edits(), if_match)
    return tagged(response, CollectionOut, changed)


@router.delete("/{collection_id}", status_code=204)
async def delete_collection(collection_id: str, who: Writer, catalog: UseCases, if_match: IfMatch = None) -> None:
    """Delete a collection; its products stay."""
    await catalog.collections.delete(who, collection_id, if_match)
