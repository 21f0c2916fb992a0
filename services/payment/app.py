"""Composes the payment service."""

from fastapi import FastAPI

from common.runtime import Background, Runtime
from common.web.application import create_application
from services.payment import routes
from services.payment.handlers import HANDLERS
from services.payment.service import PaymentService, declare, lay_foundation
from services.payment.settings import Settings


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""

    async def compose(runtime: Runtime) -> PaymentService:
        declare(runtime)
        return PaymentService(lay_foundation(runtime, settings), settings)

    return create_application(
        settings,
        routers=routes.ROUTERS,
        compose=compose,
        handlers=HANDLERS,
        background=lambda service: [
            Background("sweep", service.sweeping.run),
            Background("strays", service.strays.run),
        ],
    )
