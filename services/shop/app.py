"""Composes the shop service."""

from fastapi import FastAPI

from common.runtime import Runtime
from common.web.application import create_application
from services.shop.clients import Companies
from services.shop.handlers import HANDLERS
from services.shop.routes import ROUTERS
from services.shop.service import Services, ShopService, StorefrontService
from services.shop.settings import Settings
from services.shop.store import Shops, Storefronts


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


async def compose(runtime: Runtime) -> Services:
    """Open the stores and make the use cases."""
    runtime.declare(Shops, Storefronts)
    companies = Companies(runtime.database, runtime.clients)
    shops = ShopService(Shops(runtime.ground), companies, runtime.clients, runtime.clock)
    return Services(shops, StorefrontService(Storefronts(runtime.ground), companies, runtime.clock), companies)


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""
    return create_application(settings, routers=ROUTERS, compose=compose, handlers=HANDLERS)
