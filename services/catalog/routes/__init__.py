"""HTTP of the catalog service."""

from services.catalog.routes import carts, categories, internal, products

ROUTERS = (products.router, categories.router, carts.router, internal.router)
