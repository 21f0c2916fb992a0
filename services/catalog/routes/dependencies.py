"""Who may do what, and the use cases behind a request."""

from typing import Annotated

from fastapi import Depends, Request

from common.identity.principal import Principal
from common.identity.requires import requires
from services.catalog.service.catalog import Catalog


def _catalog(request: Request) -> Catalog:
    catalog: Catalog = request.app.state.service
    return catalog


UseCases = Annotated[Catalog, Depends(_catalog)]
Reader = Annotated[Principal, requires("products.read")]
Writer = Annotated[Principal, requires("products.write")]
Shopper = Annotated[Principal, requires("own.cart")]
