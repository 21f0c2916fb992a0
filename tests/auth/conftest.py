"""The auth service on the real servers, and the ways in that tests use."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import jwt
import pytest_asyncio
import uvicorn
from fastapi import FastAPI, HTTPException, Request

from common.clock import monotonic_seconds
from common.identity.tokens import AccessClaims
from common.ids import new_id
from common.testing import Harness, Infrastructure

PASSWORD = "Test123!"
DEADLINE_SECONDS = 15
ADMIN_EMAIL = "root@suite.example"
ADMIN_PASSWORD = "the first of all"


class Neighbours:
    """Stands where shop and company do: which shops there are, and what a plan allows."""

    def __init__(self) -> None:
        self.shops: set[tuple[str, str]] = set()
        self.staff_limits: dict[str, int] = {}
        self.app = FastAPI()
        self.app.get("/internal/shops/{shop_id}")(self._shop)
        self.app.get("/internal/companies/{company_id}")(self._company)

    async def _shop(self, shop_id: str, request: Request) -> dict[str, str]:
        token = request.headers["authorization"].removeprefix("Bearer ")
        company = jwt.decode(token, options={"verify_signature": False})["cid"]
        if (company, shop_id) not in self.shops:
            raise HTTPException(404)
        return {"id": shop_id}

    async def _company(self, company_id: str) -> dict[str, object]:
        return {"id": company_id, "limits": {"staff": self.staff_limits.get(company_id)}}


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The address at which an application answers."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def neighbours() -> AsyncIterator[Neighbours]:
    yield Neighbours()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address_of_neighbours(neighbours: Neighbours) -> AsyncIterator[str]:
    async with served(neighbours.app) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def auth(infrastructure: Infrastructure, address_of_neighbours: str) -> AsyncIterator[Harness]:
    environment = {
        "MARKETHALL_ADMIN_EMAIL": ADMIN_EMAIL,
        "MARKETHALL_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "MARKETHALL_SERVICE_URL_TEMPLATE": address_of_neighbours,
        "MARKETHALL_PUBLIC_URL": "https://shop.example",
    }
    async with Harness("auth", infrastructure, **environment) as harness:
        yield harness


async def eventually(look: Callable[[], Awaitable[Any]]) -> Any:
    """What ``look`` answers once it is truthy; an AssertionError after the deadline."""
    until = monotonic_seconds() + DEADLINE_SECONDS
    while not (found := await look()):
        assert monotonic_seconds() < until, "it did not happen in time"
        await asyncio.sleep(0.02)
    return found


def address() -> str:
    """An address that nobody has."""
    return f"{new_id('a')}@people.example"


async def post(auth: Harness, path: str, body: Any, *, token: str | None = None, **kwargs: Any) -> httpx2.Response:
    """One call through the gateway, perhaps in a tenant."""
    async with auth.client(token, **kwargs) as client:
        return await client.post(path, json=body)


async def login(auth: Harness, email: str, password: str = PASSWORD, **kwargs: Any) -> httpx2.Response:
    """A sign-in."""
    return await post(auth, "/api/auth/login", {"email": email, "password": password}, **kwargs)


async def register(auth: Harness, email: str, *, tenant: str | None = None, **kwargs: Any) -> httpx2.Response:
    """A registration as a customer."""
    body = {"email": email, "password": PASSWORD, "role": "customer"}
    return await post(auth, "/api/auth/register", body, tenant=tenant, **kwargs)


async def hire(auth: Harness, company: str, email: str, role: str = "company_admin", **more: Any) -> httpx2.Response:
    """What company and shop ask for."""
    body = {"companyId": company, "email": email, "name": "Sam", "role": role, "shopIds": [], **more}
    async with auth.service_client("company", company) as client:
        return await client.post("/internal/staff", json=body)


async def employed(auth: Harness, company: str, role: str = "company_admin", **more: Any) -> tuple[str, str, str]:
    """Somebody who works for a company and is signed in: user id, address, access token."""
    email = address()
    made = await hire(auth, company, email, role, password=PASSWORD, **more)
    assert made.status_code == 201, made.text
    answer = await login(auth, email)
    assert answer.status_code == 200, answer.text
    return made.json()["userId"], email, answer.json()["accessToken"]


async def claims_of(auth: Harness, token: str) -> AccessClaims:
    """What a token says, verified with the published keys."""
    claims: AccessClaims = await auth.runtime.tokens.verify(token)
    return claims


async def link_of(auth: Harness, event_type: str, user_id: str) -> dict[str, Any]:
    """What the notification service is told of the first link that an event asks to mail."""
    event = (await auth.events.wait_for(event_type, lambda one: one.data.user_id == user_id))[0]
    async with auth.service_client("notification") as sender:
        answer = await sender.get(f"/internal/links/{event.data.link_id}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told
