"""The services behind the gateway, as one small ASGI application that shows what reached it."""

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from pydantic_core import from_json, to_json
from starlette.types import Receive, Scope, Send


def company(
    name: str,
    status: str = "active",
    origins: Sequence[str] = (),
    a_minute: int | None = None,
    domains: Sequence[str] = (),
) -> Any:
    """A company as the company service tells of it."""
    return {
        "id": f"cmp_{name}",
        "slug": name,
        "status": status,
        "settings": {"allowedOrigins": list(origins)},
        "limits": {"requestsPerMinute": a_minute},
        "domains": list(domains),
    }


COMPANIES = {each["id"]: each for each in (company("acme"), company("brot"), company("stop", "suspended"))}
Answer = Callable[["Backend", Scope, Receive, Send], Awaitable[None]]


class Backend:
    """Answers as any service: the first segment of the path is the service's name (see the URL template)."""

    def __init__(self) -> None:
        self.companies = {key: dict(value) for key, value in COMPANIES.items()}
        self.calls: Counter[str] = Counter()
        self.special: dict[str, Answer] = {}
        self.down: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        service, _, rest = scope["path"].lstrip("/").partition("/")
        path = f"/{rest}"
        self.calls[f"{service} {path}"] += 1
        if scope["type"] == "websocket":
            await self.special["socket"](self, scope, receive, send)
        elif path in self.special:
            await self.special[path](self, scope, receive, send)
        elif path == "/health/ready":
            await answer(send, 503 if service in self.down else 200, {"status": "up"})
        elif path == "/openapi.json":
            await answer(send, 200, _openapi(service))
        elif service == "company" and path.startswith("/internal/companies/"):
            await self._company(path.rpartition("/")[2], send)
        elif service == "company" and path == "/internal/origins":
            await self._origin(scope["query_string"].decode(), send)
        else:
            await self._echo(service, path, scope, receive, send)

    async def _company(self, name: str, send: Send) -> None:
        for company in self.companies.values():
            if name in (company["id"], company["slug"], *company["domains"]):
                return await answer(send, 200, company)
        return await answer(send, 404, {"code": "not_found"})

    async def _origin(self, query: str, send: Send) -> None:
        origin = parse_qs(query)["origin"][0]
        allowed = any(origin in each["settings"]["allowedOrigins"] for each in self.companies.values())
        await answer(send, 200, {"isAllowed": allowed})

    async def _echo(self, service: str, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read(receive)
        told = {
            "service": service,
            "method": scope["method"],
            "path": path,
            "query": scope["query_string"].decode(),
            "headers": [[name.decode(), value.decode()] for name, value in scope["headers"]],
            "body": body.decode("latin-1") if len(body) < 1000 else len(body),
        }
        await answer(send, 200, told, [(b"x-request-id", b"theirs"), (b"connection", b"close"), (b"server", b"x")])


async def read(receive: Receive) -> bytes:
    """The whole body."""
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def answer(send: Send, status: int, content: Any, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    """A JSON answer."""
    body = to_json(content)
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


class Served:
    """An ASGI application on a free port of this machine."""

    def __init__(self, app: Any, *, lifespan: str = "off", port: int = 0) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        config = uvicorn.Config(
            app,
            log_config=None,
            lifespan=lifespan,  # type: ignore[arg-type]
            ws="common.web.sockets:BoundedSocket",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)

    async def __aenter__(self) -> "Served":
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        async with asyncio.timeout(15):
            while not self._server.started:
                if self._task.done():
                    self._task.result()
                    raise RuntimeError("the server ended at once")
                await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await self._task


def json_of(document: bytes) -> Any:
    """Parsed JSON."""
    return from_json(document)


def _openapi(service: str) -> dict[str, Any]:
    prefix = {"sales": "/api/orders", "catalog": "/api/products"}.get(service, f"/api/{service}s")
    return {
        "openapi": "3.1.0",
        "info": {"title": service, "version": "1"},
        "paths": {
            prefix: {
                "get": {
                    "operationId": "list_all",
                    "summary": f"List <{service}>",
                    "responses": {
                        "200": {
                            "description": "ok",
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                        }
                    },
                }
            },
            f"/internal/{service}": {"get": {"responses": {"200": {"description": "ok"}}}},
        },
        "components": {"schemas": {"Thing": {"type": "object", "properties": {service: {"type": "string"}}}}},
        "x-consumes": ["order.created"] if service == "inventory" else [],
    }
