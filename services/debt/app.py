"""Composes the debt service."""

from fastapi import FastAPI

from common.runtime import Background, Runtime
from common.web.application import create_application
from services.debt import routes
from services.debt.clients import Customers
from services.debt.handlers import HANDLERS
from services.debt.service import DebtService
from services.debt.settings import Settings
from services.debt.store import Debts


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""

    async def compose(runtime: Runtime) -> DebtService:
        runtime.declare(Debts)
        customers = Customers(runtime.database, runtime.clients)
        return DebtService(Debts(runtime.ground), customers, runtime.clock, due_days=settings.debt_due_days)

    return create_application(
        settings,
        routers=(routes.router,),
        compose=compose,
        handlers=HANDLERS,
        background=lambda service: [Background("overdue", service.sweep_for_ever)],
    )
