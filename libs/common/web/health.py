"""Health of every service: this process, and whether database and broker really answer.

Answered before the framework: a probe every few seconds should cost next to nothing, and needs no token.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from common.runtime import Runtime

Answer = Callable[[Runtime], Awaitable[Response]]


async def live(_: Runtime) -> Response:
    """This process runs its loop."""
    return JSONResponse({"status": "up"})


async def ready(runtime: Runtime) -> Response:
    """Database and broker answered just now; 503 when one of them did not."""
    checks = await runtime.check()
    is_up = all(checks.values())
    content: dict[str, Any] = {"status": _word(is_up), "checks": {name: _word(up) for name, up in checks.items()}}
    if runtime.alarms:
        content["alarms"] = runtime.alarms
    return JSONResponse(content, 200 if is_up else 503)


async def metrics(runtime: Runtime) -> Response:
    """Prometheus metrics; the gateway does not forward here."""
    await runtime.measures.take()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


ANSWERS: dict[str, Answer] = {"/health/live": live, "/health/ready": ready, "/metrics": metrics}


class Probes:
    """Answers ``paths`` as above and hands everything else on."""

    def __init__(self, app: ASGIApp, paths: Collection[str]) -> None:
        self._app = app
        self._answers = {path: ANSWERS[path] for path in paths}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._answers.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if answer is None:
            await self._app(scope, receive, send)
            return
        response = await answer(scope["app"].state.runtime)
        await response(scope, receive, send)


def _word(is_up: bool) -> str:
    return "up" if is_up else "down"
