"""Who may do what, and the use cases behind a request."""

from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Response

from common.aggregate import Aggregate
from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page
from common.web.etag import tag
from common.web.schema import Resource
from services.catalog.service.catalog import Catalog

Shown = TypeVar("Shown", bound=Resource)


def _catalog(request: Request) -> Catalog:
    catalog: Catalog = request.app.state.service
    return catalog


UseCases = Annotated[Catalog, Depends(_catalog)]
Reader = Annotated[Principal, requires("products.read")]
Writer = Annotated[Principal, requires("products.write")]
Shopper = Annotated[Principal, requires("own.cart")]


def tagged(response: Response, shown: type[Shown], aggregate: Aggregate) -> Shown:
    """The resource as shown, with its ETag."""
    tag(response, aggregate.version)
    return shown.model_validate(aggregate)


def page_of(shown: type[Shown], page: Page[Any]) -> Page[Shown]:
    """A page of resources as shown."""
    return Page(items=[shown.model_validate(item) for item in page.items], next_cursor=page.next_cursor)
