"""Composes the analytics service."""

from collections.abc import Sequence

from fastapi import FastAPI

from common.copies import LocalCopies
from common.messaging.positions import FeedPositions
from common.runtime import Background, Runtime
from common.web.application import create_application
from services.analytics.clients import Companies, Names
from services.analytics.handlers import HANDLERS, WATCHED, take_batch
from services.analytics.routes import ROUTERS
from services.analytics.service import AnalyticsService, ReportService
from services.analytics.settings import Settings
from services.analytics.store import INDEXES, Reports, Rollups


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


async def compose(runtime: Runtime) -> AnalyticsService:
    """Open the rollups and let one copy at a time count the feed into them."""
    for collection, indexes in INDEXES.items():
        runtime.declare_indexes(collection, indexes)
    positions = FeedPositions(runtime.database)
    companies = Companies(LocalCopies(runtime.database, "companies"), runtime.clients)
    names = Names(LocalCopies(runtime.database, "names"), runtime.clients)
    reports = ReportService(Reports(runtime.database), companies, names, runtime.clock)
    rollups = Rollups(runtime.client, runtime.database, positions)
    service = AnalyticsService(rollups, companies, names, reports, runtime.clock)
    watcher = runtime.watcher(
        "analytics", lambda batch: take_batch(service, batch), alone=True, positions=positions, wants=WATCHED
    )
    service.loops = (Background("feed", watcher.run),)
    return service


def background(service: AnalyticsService) -> Sequence[Background]:
    """The watcher of the feed."""
    return service.loops


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""
    return create_application(settings, routers=ROUTERS, compose=compose, handlers=HANDLERS, background=background)
