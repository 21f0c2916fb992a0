"""Composes the company service."""

from fastapi import FastAPI

from common.runtime import Background, Runtime
from common.web.application import create_application
from services.company import routes
from services.company.clients import Auth
from services.company.handlers import HANDLERS
from services.company.service import CompanyService
from services.company.settings import Settings
from services.company.store import Companies, Foundings


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


async def compose(runtime: Runtime) -> CompanyService:
    """Open the stores and make the use cases."""
    runtime.declare(Companies, Foundings)
    ground = runtime.ground
    return CompanyService(Companies(ground), Foundings(ground), Auth(runtime.clients), runtime.clock)


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""
    return create_application(
        settings,
        routers=(routes.router,),
        compose=compose,
        handlers=HANDLERS,
        background=lambda service: (Background("foundings", service.sweep_for_ever),),
    )
