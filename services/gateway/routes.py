"""HTTP that the gateway answers itself."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from common.identity.principal import Principal
from common.identity.requires import Anyone
from services.gateway.schemas import ServiceHealth, SuiteHealth
from services.gateway.service import Gateway
from services.gateway.service.docs_page import POLICY, render

router = APIRouter(tags=["gateway"])


def _gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.service
    return gateway


TheGateway = Annotated[Gateway, Depends(_gateway)]


class Door:
    """The ASGI layer around the application: every call goes through the gateway's use cases first."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await scope["app"].state.service.http(self._app, scope, receive, send)
        elif scope["type"] == "websocket":
            await scope["app"].state.service.socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)


@router.get("/health", response_model_exclude_none=True)
async def health(who: Anyone, gateway: TheGateway, response: Response) -> SuiteHealth:
    """The health of all thirteen services."""
    return _told(await gateway.health.reasons(), who, response)


@router.get("/health/ready", response_model_exclude_none=True)
async def ready(who: Anyone, gateway: TheGateway, response: Response) -> SuiteHealth:
    """Whether selling works."""
    return _told(await gateway.health.can_sell(), who, response)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(_: Anyone, gateway: TheGateway, request: Request) -> dict[str, Any]:
    """One OpenAPI 3.1 document of every service."""
    return await gateway.documents.openapi(request.app.openapi())


@router.get("/asyncapi.json", include_in_schema=False)
async def asyncapi(_: Anyone, gateway: TheGateway) -> dict[str, Any]:
    """The event catalogue as AsyncAPI 3."""
    return await gateway.documents.asyncapi()


@router.get("/docs", include_in_schema=False)
async def docs(_: Anyone, gateway: TheGateway, request: Request) -> HTMLResponse:
    """Every operation on one page."""
    page = render(await gateway.documents.openapi(request.app.openapi()))
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})


def _told(reasons: dict[str, str | None], who: Principal, response: Response) -> SuiteHealth:
    is_up = not any(reasons.values())
    response.status_code = 200 if is_up else 503
    shows = who.may("platform.read")
    services = {
        name: ServiceHealth(status="down" if reason else "up", reason=reason if shows else None)
        for name, reason in reasons.items()
    }
    return SuiteHealth(status="up" if is_up else "down", services=services)
