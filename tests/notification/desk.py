"""What auth and sales answer to the notification service, and the door that providers call at."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from common.testing import Harness

FORWARDED = ("content-type", "x-twilio-signature")


@dataclass
class Desk:
    """``links``, ``orders`` and ``receipts`` by id; what is not there is 404. ``asked``: every link asked for."""

    links: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    away: bool = False

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/internal/links/{id}", self._link),
                Route("/internal/orders/{id}", self._order),
                Route("/internal/sales/{id}/receipt", self._receipt),
                Route("/{rest:path}", self._nothing),
            ]
        )

    async def _receipt(self, request: Request) -> Response:
        return self._answer(self.receipts, request)

    async def _link(self, request: Request) -> Response:
        self.asked.append(request.path_params["id"])
        if self.away:
            return JSONResponse({"code": "unavailable"}, 503)
        return self._answer(self.links, request)

    async def _order(self, request: Request) -> Response:
        return self._answer(self.orders, request)

    async def _nothing(self, request: Request) -> Response:
        return JSONResponse({"code": "not_found"}, 404)

    def _answer(self, known: dict[str, dict[str, Any]], request: Request) -> Response:
        found = known.get(request.path_params["id"])
        return JSONResponse(found) if found is not None else JSONResponse({"code": "not_found"}, 404)


@dataclass
class Door:
    """The gateway's door for providers: what comes from outside is forwarded as the gateway does."""

    harness: Harness | None = None

    def application(self) -> Starlette:
        return Starlette(routes=[Route("/{rest:path}", self._forward, methods=["POST"])])

    async def _forward(self, request: Request) -> Response:
        if self.harness is None:
            return Response(status_code=503)
        passed = {name: value for name, value in request.headers.items() if name in FORWARDED}
        async with self.harness.client() as client:
            answer = await client.post(request.url.path, content=await request.body(), headers=passed)
        return Response(answer.content, answer.status_code)


@asynccontextmanager
async def served(application: Starlette) -> AsyncIterator[str]:
    """An application's address while it answers."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving
