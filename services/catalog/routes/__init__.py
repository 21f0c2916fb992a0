"""HTTP of the catalog service."""

from services.catalog.routes import carts, categories, collections, internal, products

ROUTERS = (products.router, categories.router, collections.router, carts.router, internal.router)
