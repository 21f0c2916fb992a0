"""Routes of shops and their staff."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from common.identity.principal import Principal
from common.identity.requires import internal_from, requires
from common.pagination import Page, PageRequest
from common.web.etag import IfMatch, tag
from common.web.lists import listing, refuse_unknown
from services.shop.schemas.shops import ShopFacts, ShopIn, ShopOut, ShopPatch, StaffIn, StaffOut
from services.shop.service import Services
from services.shop.service.shops import ShopService

SHORT_PAGE = 20
LONGEST_PAGE = 100

router = APIRouter(tags=["shops"])

ShopReader = Annotated[Principal, internal_from("sales", "auth", "inventory", "analytics")]


def _service(request: Request) -> ShopService:
    service: Services = request.app.state.service
    return service.shops


Shops = Annotated[ShopService, Depends(_service)]
Reader = Annotated[Principal, requires("shops.read")]
Writer = Annotated[Principal, requires("shops.write")]
StaffReader = Annotated[Principal, requires("shop_staff.read")]
StaffManager = Annotated[Principal, requires("shop_staff.manage")]


@router.post("/api/shops", status_code=201)
async def open_shop(body: ShopIn, who: Writer, shops: Shops, response: Response) -> ShopOut:
    """Open a shop."""
    shop = await shops.open(who, name=body.name, code=body.code, address=body.address, timezone=body.timezone)
    tag(response, shop.version)
    return ShopOut.model_validate(shop)


@router.get("/api/shops")
async def list_shops(who: Reader, shops: Shops, page: Annotated[PageRequest, listing("name", "code")]) -> Page[ShopOut]:
    """List shops; staff see their own."""
    found = await shops.list(who, page)
    return Page(items=[ShopOut.model_validate(shop) for shop in found.items], next_cursor=found.next_cursor)


@router.get("/api/shops/{shop_id}")
async def read_shop(shop_id: str, who: Reader, shops: Shops, response: Response) -> ShopOut:
    """Read one shop."""
    shop = await shops.read(who, shop_id)
    tag(response, shop.version)
    return ShopOut.model_validate(shop)


@router.patch("/api/shops/{shop_id}")
async def edit_shop(
    shop_id: str, body: ShopPatch, who: Writer, shops: Shops, response: Response, if_match: IfMatch = None
) -> ShopOut:
    """Change a shop."""
    shop = await shops.edit(who, shop_id, body.changes(), if_match)
    tag(response, shop.version)
    return ShopOut.model_validate(shop)


@router.post("/api/shops/{shop_id}/staff", status_code=201)
async def add_staff(shop_id: str, body: StaffIn, who: StaffManager, shops: Shops) -> StaffOut:
    """Add somebody to a shop."""
    password = body.password.get_secret_value() if body.password else None
    member = await shops.add_staff(who, shop_id, body.email, password, body.name, body.role)
    return StaffOut.model_validate(member)


@router.get("/api/shops/{shop_id}/staff", dependencies=[Depends(refuse_unknown)])
async def list_staff(
    shop_id: str,
    who: StaffReader,
    shops: Shops,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = SHORT_PAGE,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Page[StaffOut]:
    """List who works in a shop, in the order in which they began."""
    members, following = await shops.staff(who, shop_id, limit, cursor)
    return Page(items=[StaffOut.model_validate(member) for member in members], next_cursor=following)


@router.delete("/api/shops/{shop_id}/staff/{user_id}", status_code=204)
async def remove_staff(shop_id: str, user_id: str, who: StaffManager, shops: Shops) -> None:
    """Remove somebody from a shop."""
    await shops.remove_staff(who, shop_id, user_id)


@router.get("/internal/shops/{shop_id}", include_in_schema=False)
async def tell_shop(shop_id: str, who: ShopReader, shops: Shops) -> ShopFacts:
    """What other services may ask."""
    return ShopFacts.model_validate(await shops.tell(who, shop_id))
