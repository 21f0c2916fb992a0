"""The application factory: what every service is, from its routes and handler table."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from common import logging
from common.events.handlers import Handlers
from common.memory import give_back
from common.runtime import Background, Runtime
from common.settings import ServiceSettings
from common.suite import SERVICES
from common.web import problems
from common.web.description import describe
from common.web.health import ANSWERS, Probes
from common.web.idempotency import Replayed, replay
from common.web.kept import Keeper, Keeping
from common.web.middleware import ServiceMiddleware

Compose = Callable[[Runtime], Awaitable[Any]]


def create_application(
    settings: ServiceSettings,
    *,
    routers: Sequence[APIRouter],
    compose: Compose,
    handlers: Handlers | None = None,
    background: Callable[[Any], Sequence[Background]] = lambda service: (),
    openapi_url: str | None = "/openapi.json",
    probes: Collection[str] = ANSWERS,
    keeping: Keeping | None = None,
) -> FastAPI:
    """Build a service. ``compose`` makes its use-case object from the open runtime, and registers stores.

    ``handlers`` is the visible inbox; ``background`` names the loops (sweepers, watchers) to keep running;
    ``probes`` are the addresses of :mod:`common.web.health` that this service does not answer in its own way;
    ``keeping`` says which answers are kept for those who ask the same.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with Runtime(settings).opened() as runtime:
            app.state.runtime = runtime
            app.state.service = await compose(runtime)
            await runtime.start(app.state.service, handlers or {}, background(app.state.service))
            give_back()
            yield

    logging.configure(settings.service, settings.log_level)
    exports = bool(settings.telemetry_endpoint)
    app = FastAPI(
        title=f"Markethall {settings.service}",
        description=SERVICES[settings.service].owns,
        version="1",
        lifespan=lifespan,
        openapi_url=openapi_url,
        telemetry={"tracing": exports, "metrics": exports, "logs": exports},
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
        responses={"4XX": {"description": "A problem answer (RFC 9457).", "content": _PROBLEM}},
    )
    for router in routers:
        app.include_router(router)
    _complete_document(app, handlers or {})
    problems.install(app)
    app.add_exception_handler(Replayed, replay)
    if keeping is not None:
        app.add_middleware(Keeper, keeping=keeping)
    app.add_middleware(ServiceMiddleware, service=settings.service, body_limit_bytes=settings.body_limit_bytes)
    app.add_middleware(Probes, paths=probes)
    return app


def _complete_document(app: FastAPI, handlers: Handlers) -> None:
    """Complete the OpenAPI document, and name the handled event types in it: the gateway's catalogue reads them."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = describe(plain(), app)
            document["x-consumes"] = sorted(model.TYPE for model in handlers)
        return plain()

    app.openapi = openapi  # type: ignore[method-assign]


_PROBLEM: dict[str, Any] = {
    "application/problem+json": {"schema": problems.PROBLEM_SCHEMA, "example": problems.PROBLEM_EXAMPLE}
}


def _operation_id(route: APIRoute) -> str:
    return route.name
