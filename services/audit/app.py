"""Composes the audit service."""

from collections.abc import Sequence

from fastapi import FastAPI

from common.copies import LocalCopies
from common.messaging.positions import FeedPositions
from common.runtime import Background, Runtime
from common.web.application import create_application
from services.audit import routes
from services.audit.handlers import HANDLERS, take_batch
from services.audit.service import AuditService
from services.audit.settings import Settings
from services.audit.store import EVENT_INDEXES, AuditLog


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


async def compose(runtime: Runtime) -> AuditService:
    """Open the log and let one copy at a time read the feed into it."""
    runtime.declare_indexes(AuditLog.EVENTS, EVENT_INDEXES)
    positions = FeedPositions(runtime.database)
    service = AuditService(
        AuditLog(runtime.client, runtime.database, positions), LocalCopies(runtime.database, "companies")
    )
    watcher = runtime.watcher("audit", lambda batch: take_batch(service, batch), alone=True, positions=positions)
    service.loops = (Background("feed", watcher.run),)
    return service


def background(service: AuditService) -> Sequence[Background]:
    """The watcher of the feed."""
    return service.loops


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""
    return create_application(
        settings, routers=(routes.router,), compose=compose, handlers=HANDLERS, background=background
    )
