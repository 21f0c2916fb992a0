"""Composes the notification service."""

from collections.abc import Sequence

from fastapi import FastAPI

from common.copies import LocalCopies
from common.runtime import Background, Runtime
from common.web.application import create_application
from services.notification import routes
from services.notification.clients import SmtpMail
from services.notification.handlers import HANDLERS
from services.notification.service import NotificationService
from services.notification.settings import Settings
from services.notification.store import STAFF_INDEXES, Notifications


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""

    async def compose(runtime: Runtime) -> NotificationService:
        runtime.declare(Notifications)
        runtime.declare_indexes("staff", STAFF_INDEXES)
        mail = SmtpMail(settings)
        runtime.on_close(mail.close)
        staff, companies = LocalCopies(runtime.database, "staff"), LocalCopies(runtime.database, "companies")
        store = Notifications(runtime.ground)
        return NotificationService(store, staff, companies, runtime.clients, mail, runtime.clock)

    def background(service: NotificationService) -> Sequence[Background]:
        return (Background("deliveries", service.sweep_for_ever),)

    return create_application(
        settings, routers=(routes.router,), compose=compose, handlers=HANDLERS, background=background
    )
