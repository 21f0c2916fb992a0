"""Composes the company service."""

from fastapi import FastAPI

from common.runtime import Background, Runtime
from common.web.application import create_application
from services.company import routes
from services.company.clients import Auth, Proofs
from services.company.handlers import HANDLERS
from services.company.service import CompanyService, DomainService, IsolationService
from services.company.settings import Settings
from services.company.store import Companies, Domains, Foundings, IsolationReports


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""

    async def compose(runtime: Runtime) -> CompanyService:
        runtime.declare(Companies, Foundings, Domains, IsolationReports)
        ground, clock = runtime.ground, runtime.clock
        domains = DomainService(Domains(ground), Proofs(settings.dns_servers), clock, settings.base_domains)
        isolation = IsolationService(IsolationReports(ground), clock)
        return CompanyService(Companies(ground), Foundings(ground), Auth(runtime.clients), clock, domains, isolation)

    return create_application(
        settings,
        routers=(routes.router,),
        compose=compose,
        handlers=HANDLERS,
        background=lambda service: (
            Background("foundings", service.sweep_for_ever),
            Background("domains", service.domains.sweep_for_ever),
        ),
    )
