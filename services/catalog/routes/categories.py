"""HTTP of categories."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from common.pagination import Page, PageRequest
from common.web.etag import IfMatch
from common.web.lists import listing, refuse_unknown
from services.catalog.domain.category_tree import flatten
from services.catalog.routes.dependencies import Reader, UseCases, Writer, page_of, tagged
from services.catalog.schemas.categories import (
    CategoryIn,
    CategoryNode,
    CategoryOut,
    CategoryPatch,
    CategorySummaries,
    CategorySummary,
    CategoryTree,
)

router = APIRouter(prefix="/api/categories", tags=["categories"])


@router.post("", status_code=201)
async def create_category(body: CategoryIn, who: Writer, catalog: UseCases, response: Response) -> CategoryOut:
    """Create a category."""
    return tagged(response, CategoryOut, await catalog.categories.create(who, body.name, body.parent_id))


@router.get("")
async def list_categories(
    who: Reader,
    catalog: UseCases,
    page: Annotated[PageRequest, listing("name")],
    parent_id: Annotated[str | None, Query(alias="parentId", max_length=100)] = None,
) -> Page[CategoryOut]:
    """List categories; with `parentId` those directly below it."""
    return page_of(CategoryOut, await catalog.categories.list(who, page, parent_id))


@router.get("/tree")
async def read_category_tree(request: Request, who: Reader, catalog: UseCases) -> CategoryTree:
    """Read all categories as a tree, with how many active products each holds."""
    refuse_unknown(request)
    return CategoryTree(items=[CategoryNode.of(branch) for branch in await catalog.categories.tree(who)])


@router.get("/summary")
async def summarise_categories(request: Request, who: Reader, catalog: UseCases) -> CategorySummaries:
    """Tell of each category how many active products it and what is below it hold, and between which prices."""
    refuse_unknown(request)
    branches = flatten(await catalog.categories.tree(who))
    currency = await catalog.companies.currency_of(who.tenant) if branches else ""
    return CategorySummaries(items=[CategorySummary.of(branch, currency) for branch in branches])


@router.get("/{category_id}")
async def read_category(category_id: str, who: Reader, catalog: UseCases, response: Response) -> CategoryOut:
    """Read one category."""
    return tagged(response, CategoryOut, await catalog.categories.read(who, category_id))


@router.patch("/{category_id}")
async def edit_category(
    category_id: str, body: CategoryPatch, who: Writer, catalog: UseCases, response: Response, if_match: IfMatch = None
) -> CategoryOut:
    """Rename or move a category."""
    return tagged(response, CategoryOut, await catalog.categories.edit(who, category_id, body.changes(), if_match))


@router.delete("/{category_id}", status_code=204)
async def delete_category(category_id: str, who: Writer, catalog: UseCases, if_match: IfMatch = None) -> None:
    """Delete a category; its products stay, without one."""
    await catalog.categories.delete(who, category_id, if_match)
