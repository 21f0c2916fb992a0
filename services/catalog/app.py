"""Composes the catalog service."""

from collections.abc import Sequence

from fastapi import FastAPI

from common.identity.principal import Principal
from common.runtime import Background, Runtime
from common.web.application import create_application
from common.web.kept import Keeping
from services.catalog.handlers import HANDLERS
from services.catalog.routes import ROUTERS
from services.catalog.service.catalog import Catalog
from services.catalog.service.products import sees_all
from services.catalog.settings import Settings
from services.catalog.store.carts import Carts, SavedCarts
from services.catalog.store.categories import Categories
from services.catalog.store.collections import Collections
from services.catalog.store.products import Products


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


async def compose(runtime: Runtime) -> Catalog:
    """Open the stores and make the use cases."""
    runtime.declare(Products, Categories, Collections, Carts, SavedCarts)
    assert isinstance(runtime.settings, Settings)
    return Catalog.compose(runtime, runtime.settings)


def background(catalog: Catalog) -> Sequence[Background]:
    """The search index follows the feed; carts that were left alone are told of."""
    return (
        Background("search feed", catalog.watcher.run),
        Background("search index", catalog.replica.run),
        Background("cart reminders", catalog.reminders.run),
    )


def _sees_what_is_on_sale(who: Principal) -> bool:
    return who.may("products.read") and not sees_all(who)


KEEPING = Keeping(below=("/api/products", "/api/categories", "/api/collections"), see_the_same=_sees_what_is_on_sale)


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""
    return create_application(
        settings, routers=ROUTERS, compose=compose, handlers=HANDLERS, background=background, keeping=KEEPING
    )
