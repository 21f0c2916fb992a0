"""Composes the inventory service."""

from fastapi import FastAPI

from common.runtime import Runtime
from common.web.application import create_application
from services.inventory.handlers import HANDLERS
from services.inventory.routes import ROUTERS
from services.inventory.service import InventoryService
from services.inventory.service.composing import background, compose_service
from services.inventory.settings import Settings
from services.inventory.store import STORES, Skus


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


async def compose(runtime: Runtime) -> InventoryService:
    """Open the stores and make the use cases."""
    runtime.declare(*STORES)
    runtime.declare_indexes(Skus.COLLECTION, Skus.INDEXES)
    return compose_service(runtime.ground, runtime.clients)


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""
    return create_application(settings, routers=ROUTERS, compose=compose, handlers=HANDLERS, background=background)
