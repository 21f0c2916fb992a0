"""Composes the audit service."""

from collections.abc import Sequence
from functools import partial

from fastapi import FastAPI

from common.copies import LocalCopies
from common.encoding import from_base64url
from common.messaging.positions import FeedPositions
from common.runtime import Background, Runtime
from common.web.application import create_application
from services.audit import routes
from services.audit.domain import SigningKey
from services.audit.handlers import HANDLERS, take_batch
from services.audit.service import AuditService, Sealing
from services.audit.settings import Settings
from services.audit.store import INDEXES, AuditLog, CheckpointFiles


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


def background(service: AuditService) -> Sequence[Background]:
    """The watcher of the feed, and the signing of what it chained."""
    return service.loops


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""
    assert settings.service_key is not None
    key = SigningKey(from_base64url(settings.service_key.get_secret_value()))

    async def compose(runtime: Runtime) -> AuditService:
        """Open the log, let one copy at a time read the feed into it, and every copy sign what was chained."""
        for collection, indexes in INDEXES.items():
            runtime.declare_indexes(collection, indexes)
        positions = FeedPositions(runtime.database)
        log = AuditLog(runtime.client, runtime.database, positions)
        files = CheckpointFiles(settings.checkpoint_folder)
        sealing = Sealing(log, files, key, settings.former_keys, runtime.clock)
        service = AuditService(log, LocalCopies(runtime.database, "companies"), sealing)
        watcher = runtime.watcher("audit", lambda batch: take_batch(service, batch), alone=True, positions=positions)
        sign = partial(sealing.run, settings.checkpoint_events, settings.checkpoint_seconds)
        service.loops = (Background("feed", watcher.run), Background("checkpoints", sign))
        return service

    return create_application(
        settings, routers=(routes.router,), compose=compose, handlers=HANDLERS, background=background
    )
