"""Composes the auth service."""

from fastapi import FastAPI

from common.runtime import Background, Runtime
from common.web.application import create_application
from services.auth.handlers import HANDLERS
from services.auth.routes import ROUTERS
from services.auth.service import AuthService
from services.auth.service.composing import compose
from services.auth.settings import Settings


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""

    async def composed(runtime: Runtime) -> AuthService:
        return await compose(runtime, settings)

    return create_application(
        settings,
        routers=ROUTERS,
        compose=composed,
        handlers=HANDLERS,
        background=lambda service: [Background("signing keys", service.keys.follow)],
    )
