"""Catalog and company as a desk over real HTTP, answering for the neighbours that do not run here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

UNSOLD = "none"


@dataclass
class Desk:
    """Sells every SKU, but those that begin with ``UNSOLD``. ``companies`` by id; ``asked``: by tenant, SKUs."""

    companies: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, list[str]]] = field(default_factory=list)
    away: bool = False

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/internal/products/lookup", self._products, methods=["POST"]),
                Route("/internal/companies/{id}", self._company),
            ]
        )

    async def _products(self, request: Request) -> Response:
        if self.away:
            return JSONResponse({"code": "unavailable"}, 503)
        skus = (await request.json())["skus"]
        self.asked.append((_tenant(request), skus))
        sold = [sku for sku in skus if not sku.startswith(UNSOLD)]
        return JSONResponse({"items": [_product(sku) for sku in sold]})

    async def _company(self, request: Request) -> Response:
        if self.away:
            return JSONResponse({"code": "unavailable"}, 503)
        found = self.companies.get(request.path_params["id"])
        return JSONResponse(found) if found is not None else JSONResponse({"code": "not_found"}, 404)


def _product(sku: str) -> dict[str, Any]:
    return {"productId": f"prd_{sku}", "sku": sku, "name": f"Good {sku}", "sequence": 0, "variants": []}


def _tenant(request: Request) -> str:
    token = request.headers["authorization"].split()[1]
    return str(jwt.decode(token, options={"verify_signature": False})["cid"])


@asynccontextmanager
async def served(application: Starlette) -> AsyncIterator[str]:
    """The application on a free port; its address."""
    configuration = uvicorn.Config(application, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(configuration)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task
