"""Composes the gateway."""

from fastapi import FastAPI

from common.events.tenancy import CompanyCreated, CompanyUpdated, DomainRemoved, DomainVerified
from common.runtime import Background, Runtime
from common.web.application import create_application
from services.gateway import routes
from services.gateway.clients import Services
from services.gateway.service import Gateway
from services.gateway.settings import Settings


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


def create_app(settings: Settings) -> FastAPI:
    """The gateway as an ASGI application: the door stands around what it answers itself."""

    async def compose(runtime: Runtime) -> Gateway:
        gateway = Gateway(runtime, settings, Services(settings))
        runtime.hear(CompanyCreated, CompanyUpdated, DomainVerified, DomainRemoved)
        runtime.revocations.listeners.append(gateway.hear)
        return gateway

    app = create_application(
        settings,
        routers=(routes.router,),
        compose=compose,
        background=lambda gateway: (Background("pool", gateway.keep_pool),),
        openapi_url=None,
        probes=("/health/live", "/metrics"),
    )
    app.add_middleware(routes.Door)
    return app
