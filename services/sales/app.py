"""Composes the sales service."""

from collections.abc import Sequence

from fastapi import FastAPI

from common.runtime import Background, Runtime
from common.web.application import create_application
from services.sales import routes
from services.sales.handlers import HANDLERS
from services.sales.service import SalesService, assemble
from services.sales.settings import Settings


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


async def compose(runtime: Runtime) -> SalesService:
    """Open the stores and make the use cases."""
    environment = runtime.settings
    assert isinstance(environment, Settings) and environment.encryption_key is not None
    return assemble(runtime, environment.encryption_key, environment.sweep_milliseconds)


def background(service: SalesService) -> Sequence[Background]:
    """The loops to keep running."""
    return (Background("sweeper", service.sweeper.sweep_for_ever),)


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""
    return create_application(
        settings, routers=routes.ROUTERS, compose=compose, handlers=HANDLERS, background=background
    )
