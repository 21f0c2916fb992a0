"""Composes the analytics service."""

from collections.abc import Sequence

from fastapi import FastAPI

from common.copies import LocalCopies
from common.messaging.positions import FeedPositions
from common.runtime import Background, Runtime
from common.web.application import create_application
from services.analytics import routes
from services.analytics.clients import Companies
from services.analytics.handlers import HANDLERS, take_batch
from services.analytics.service import AnalyticsService
from services.analytics.settings import Settings
from services.analytics.store import DAY_INDEXES, PRODUCT_INDEXES, Rollups


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


async def compose(runtime: Runtime) -> AnalyticsService:
    """Open the rollups and let one copy at a time count the feed into them."""
    runtime.declare_indexes(Rollups.DAYS, DAY_INDEXES)
    runtime.declare_indexes(Rollups.PRODUCTS, PRODUCT_INDEXES)
    positions = FeedPositions(runtime.database)
    companies = Companies(LocalCopies(runtime.database, "companies"), runtime.clients)
    service = AnalyticsService(Rollups(runtime.client, runtime.database, positions), companies, runtime.clock)
    watcher = runtime.watcher("analytics", lambda batch: take_batch(service, batch), alone=True, positions=positions)
    service.loops = (Background("feed", watcher.run),)
    return service


def background(service: AnalyticsService) -> Sequence[Background]:
    """The watcher of the feed."""
    return service.loops


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""
    return create_application(
        settings, routers=(routes.router,), compose=compose, handlers=HANDLERS, background=background
    )
