"""HTTP of the shop service."""

from services.shop.routes import shops, storefront

ROUTERS = (shops.router, storefront.router)
