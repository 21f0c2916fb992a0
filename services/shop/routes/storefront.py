"""Routes of the storefront's configuration."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from common.identity.principal import Principal
from common.identity.requires import Anyone, requires
from common.web.etag import IfMatch, tag
from services.shop.clients import CompanyFacts
from services.shop.domain.storefront import Storefront
from services.shop.schemas.storefront import StorefrontOut, StorefrontPatch
from services.shop.service import Services
from services.shop.service.storefronts import StorefrontService

router = APIRouter(prefix="/api/storefront", tags=["storefront"])


def _service(request: Request) -> StorefrontService:
    service: Services = request.app.state.service
    return service.storefronts


Storefronts = Annotated[StorefrontService, Depends(_service)]
Writer = Annotated[Principal, requires("storefront.write")]


@router.get("/config")
async def read_storefront(who: Anyone, storefronts: Storefronts, response: Response) -> StorefrontOut:
    """Read how the company's storefront looks."""
    return _shown(*await storefronts.show(who), response)


@router.patch("/config")
async def configure_storefront(
    body: StorefrontPatch, who: Writer, storefronts: Storefronts, response: Response, if_match: IfMatch = None
) -> StorefrontOut:
    """Change how the company's storefront looks."""
    return _shown(*await storefronts.configure(who, _plain(body.changes()), if_match), response)


def _plain(changes: dict[str, Any]) -> dict[str, Any]:
    """Nested patches as the members that were sent."""
    return {
        name: value.model_dump(exclude_unset=True) if isinstance(value, BaseModel) else value
        for name, value in changes.items()
    }


def _shown(storefront: Storefront, company: CompanyFacts, response: Response) -> StorefrontOut:
    tag(response, storefront.version)
    members = {name: getattr(storefront, name) for name in StorefrontOut.model_fields if hasattr(storefront, name)}
    members |= {"name": storefront.name or company.name, "slug": company.slug, "currency": company.currency}
    return StorefrontOut.model_validate(members)
