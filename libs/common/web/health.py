"""Health routes of every service: this process, and whether database and broker really answer."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from common.identity.requires import ANYONE, Requirement

router = APIRouter(tags=["health"], include_in_schema=False)


class HealthCheck(Requirement):
    """Health is asked by supervisors, which carry no token: the route is open and identifies nobody."""

    async def __call__(self, request: Request) -> None:  # type: ignore[override]
        return None


Open = Annotated[None, Depends(HealthCheck(ANYONE))]


@router.get("/health/live")
async def live(_: Open) -> dict[str, str]:
    """This process runs its loop."""
    return {"status": "up"}


@router.get("/health/ready")
async def ready(_: Open, request: Request) -> JSONResponse:
    """Database and broker answered just now; 503 when one of them did not."""
    checks: dict[str, bool] = await request.app.state.runtime.check()
    is_up = all(checks.values())
    content = {"status": "up" if is_up else "down", "checks": {name: _word(up) for name, up in checks.items()}}
    return JSONResponse(content, 200 if is_up else 503)


@router.get("/metrics")
async def metrics(_: Open) -> Response:
    """Prometheus metrics; the gateway does not forward here."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _word(is_up: bool) -> str:
    return "up" if is_up else "down"
