"""Composes the realtime service."""

from fastapi import FastAPI

from common.copies import LocalCopies
from common.runtime import Background, Runtime
from common.web.application import create_application
from services.realtime import routes, store
from services.realtime.clients import Companies, FeedHistory, Orders
from services.realtime.handlers import HANDLERS
from services.realtime.service import RealtimeService
from services.realtime.service.access import Access
from services.realtime.service.hub import Hub
from services.realtime.service.origins import Origins
from services.realtime.settings import Settings


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""

    async def compose(runtime: Runtime) -> RealtimeService:
        runtime.declare_indexes(store.COLLECTION, store.INDEXES)
        hub = Hub(FeedHistory(runtime.consuming), settings.recent_bytes)
        watcher = runtime.watcher("realtime", hub.take, positions=hub)
        tickets = store.Tickets(runtime.database)
        origins = Origins(settings, LocalCopies(runtime.database, "companies"), Companies(runtime.clients))
        return RealtimeService(settings, tickets, hub, watcher, Access(Orders(runtime.clients)), origins, runtime)

    return create_application(
        settings,
        routers=(routes.router,),
        compose=compose,
        handlers=HANDLERS,
        background=lambda service: (Background("feed", service.watch), Background("sweep", service.sweep)),
    )
