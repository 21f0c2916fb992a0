"""Use cases of the shop service."""

from dataclasses import dataclass

from services.shop.clients import Companies
from services.shop.service.shops import ShopService
from services.shop.service.storefronts import StorefrontService


@dataclass(frozen=True, slots=True)
class Services:
    """What the routes and handlers of the shop service call."""

    shops: ShopService
    storefronts: StorefrontService
    companies: Companies


__all__ = ["Services", "ShopService", "StorefrontService"]
