"""Composes the notification service."""

from fastapi import FastAPI

from common.runtime import Background, Runtime
from common.web.application import create_application
from services.notification.handlers import HANDLERS
from services.notification.routes import ROUTERS
from services.notification.service import NotificationService
from services.notification.settings import Settings
from services.notification.store import INDEXES, Devices, Notifications, Suppressions, upgrade


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""

    async def compose(runtime: Runtime) -> NotificationService:
        await upgrade(runtime.database)
        runtime.declare(Notifications, Devices, Suppressions)
        for collection, indexes in INDEXES.items():
            runtime.declare_indexes(collection, indexes)
        return NotificationService(runtime, settings)

    return create_application(
        settings,
        routers=ROUTERS,
        compose=compose,
        handlers=HANDLERS,
        background=lambda service: [Background("deliveries", service.delivering.run)],
    )
