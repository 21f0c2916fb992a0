"""Composes the shop service."""

from fastapi import FastAPI

from common.runtime import Runtime
from common.web.application import create_application
from services.shop import routes
from services.shop.handlers import HANDLERS
from services.shop.service import ShopService
from services.shop.settings import Settings
from services.shop.store import Shops


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


async def compose(runtime: Runtime) -> ShopService:
    """Open the stores and make the use cases."""
    runtime.declare(Shops)
    return ShopService(Shops(runtime.ground), runtime.clients, runtime.clock)


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""
    return create_application(settings, routers=(routes.router,), compose=compose, handlers=HANDLERS)
