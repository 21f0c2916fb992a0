"""Every door that a credential can be tried at: copies of the gateway, each service's own port, a socket."""

import asyncio
import json
import math
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from common.encoding import from_base64url
from dev.prove.suite import ProvedSuite
from dev.prove.trade.house import PASSWORD

CALL_SECONDS = 30.0
CONNECTIONS_A_GATEWAY = 8
"""Kept open, each with whichever copy of the gateway the kernel gave it to."""

DIRECT: Mapping[str, str] = {
    "auth": "/api/auth/me",
    "company": "/api/companies",
    "shop": "/api/shops",
    "catalog": "/api/products",
    "sales": "/api/orders",
    "payment": "/api/payments",
    "inventory": "/api/inventory/v1/warehouses",
    "notification": "/api/notifications",
    "realtime": "/api/realtime/tickets",
    "audit": "/api/audit/events",
    "analytics": "/api/analytics/dashboard",
    "debt": "/api/debts",
}
"""One address of each service that asks who calls."""

UNKNOWN_CALLER = 401
REVOKED = 4401
REFUSALS = (401, 403)
"""What a gateway answers to a credential that is not good any more, or whose company is suspended."""

PROBE = "/docs"
"""The gateway answers it itself, to nobody with a credential that it does not take: no service's refusal is mistaken
for its own."""

POLL_SECONDS = 0.25
Bearer = dict[str, str]


class ServiceForge:
    """Signs as a service whose key somebody has: what stands behind the gateway is tried directly with it."""

    def __init__(self, suite: ProvedSuite, service: str = "gateway") -> None:
        self._service = service
        seed = from_base64url(suite.secrets.get(f"signing.{service}"))
        self.key = Ed25519PrivateKey.from_private_bytes(seed)

    def token(self, callee: str, tenant: str | None, **claims: Any) -> str:
        """A token that ``callee`` takes for this service's own."""
        now = int(time.time())
        said = {"iss": f"service:{self._service}", "aud": callee, "iat": now, "exp": now + 300, "cid": tenant}
        said = {name: value for name, value in (said | claims).items() if value is not None}
        return jwt.encode(said, self.key, "EdDSA", headers={"typ": "svc+jwt", "kid": self._service})


class Doors:
    """The ways into one suite, with connections of their own."""

    def __init__(self, suite: ProvedSuite) -> None:
        self.suite = suite
        self._forge = ServiceForge(suite)
        self._gateways = [_single(suite.gateway) for _ in range(CONNECTIONS_A_GATEWAY)]
        self.services = httpx2.AsyncClient(timeout=CALL_SECONDS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for http in (*self._gateways, self.services):
            await http.aclose()

    async def at_gateways(self, path: str, headers: Bearer) -> list[int]:
        """What each connection to a copy of the gateway answers."""
        answers = await asyncio.gather(*(http.get(path, headers=headers) for http in self._gateways))
        return [answer.status_code for answer in answers]

    async def at_service(self, service: str, bearer: Bearer, company_id: str) -> int:
        """What a service answers at its own port to an access token beside a context of the gateway's."""
        context = {"X-Markethall-Context": self._forge.token(service, company_id)}
        url = self.suite.home.service_url(service) + DIRECT[service]
        method = "POST" if service == "realtime" else "GET"
        return (await self.services.request(method, url, headers={**bearer, **context})).status_code

    async def token_of_key(self, key: str) -> str:
        """The access token behind an API key, as somebody who holds the gateway's own key gets it."""
        headers = {"Authorization": f"Bearer {self._forge.token('auth', None)}"}
        url = self.suite.home.service_url("auth") + "/internal/keys/exchange"
        answer = await self.services.post(url, json={"key": key}, headers=headers)
        answer.raise_for_status()
        return str(answer.json()["accessToken"])

    async def socket(self, headers: Bearer, channels: list[str]) -> "Socket":
        """An open socket that listens. Raises httpx2.HTTPStatusError where no ticket is given."""
        answer = await self._gateways[0].post("/api/realtime/tickets", headers=headers)
        answer.raise_for_status()
        return await Socket.open(self.suite, answer.json()["ticket"], channels)


@dataclass(frozen=True, slots=True)
class Held:
    """A credential with everything that was opened with it. ``headers`` as sent to the gateway; ``token``: the
    access token that stands behind them."""

    name: str
    headers: Bearer
    token: str
    company_id: str
    socket: "Socket"

    async def is_known(self, doors: Doors) -> list[str]:
        """The doors that do not take it, while it should be good everywhere."""
        tries = self._tries(doors)
        taken = await asyncio.gather(*(is_open() for is_open in tries.values()))
        return [door for door, is_open in zip(tries, taken, strict=True) if not is_open]

    async def until_refused(self, doors: Doors, limit_seconds: float) -> dict[str, float]:
        """Seconds from now until each door refuses it; infinite for those that still took it long after the limit."""
        began = time.monotonic()

        async def shut(is_open: Callable[[], Awaitable[bool]]) -> float:
            while time.monotonic() - began < 2 * limit_seconds:
                if not await is_open():
                    return time.monotonic() - began
                await asyncio.sleep(POLL_SECONDS)
            return math.inf

        tries = self._tries(doors)
        seconds = await asyncio.gather(*(shut(is_open) for is_open in tries.values()))
        return dict(zip(tries, seconds, strict=True))

    def _tries(self, doors: Doors) -> dict[str, Callable[[], Awaitable[bool]]]:
        """For each door, whether it takes the credential now."""
        bare = bearer(self.token)

        async def gateways() -> bool:
            statuses = await doors.at_gateways(PROBE, self.headers)
            return any(status not in REFUSALS for status in statuses)

        async def socket() -> bool:
            return not self.socket.closed.is_set()

        async def service(name: str) -> bool:
            return await doors.at_service(name, bare, self.company_id) != UNKNOWN_CALLER

        return {"gateways": gateways, "socket": socket, **{name: partial(service, name) for name in DIRECT}}


class Socket:
    """A client's socket; ``heard`` are its frames so far."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[dict[str, Any]] = []
        self.closed = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, suite: ProvedSuite, ticket: str, channels: list[str], **first: Any) -> Self:
        """Redeem a ticket and subscribe; ``first`` is sent in place of the subscription."""
        url = suite.gateway.replace("http:", "ws:") + f"/ws?ticket={ticket}"
        made = cls(await connect(url))
        await made.say(**(first or {"type": "subscribe"}), channels=channels)
        return made

    async def say(self, **frame: Any) -> None:
        """Send a frame."""
        await self.connection.send(json.dumps(frame))

    async def until(self, kind: str, seconds: float = 10.0) -> dict[str, Any]:
        """The first frame of this kind. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                for frame in self.heard:
                    if frame["type"] == kind:
                        return frame
                await asyncio.sleep(0.02)

    @property
    def code(self) -> int | None:
        """How the other side closed, once it did."""
        return self.connection.close_code

    async def close(self) -> None:
        """Leave."""
        await self.connection.close()
        await self._reading

    async def _read(self) -> None:
        try:
            while True:
                self.heard.append(json.loads(await self.connection.recv()))
        except ConnectionClosed:
            self.closed.set()


async def signed_in(http: httpx2.AsyncClient, email: str, password: str = PASSWORD, **headers: str) -> dict[str, Any]:
    """What signing in answers. Raises httpx2.HTTPStatusError."""
    answer = await http.post("/api/auth/login", json={"email": email, "password": password}, headers=headers)
    answer.raise_for_status()
    told: dict[str, Any] = answer.json()
    return told


def bearer(token: str) -> Bearer:
    """The header of an access token."""
    return {"Authorization": f"Bearer {token}"}


def session_of(token: str) -> str:
    """The session that an access token belongs to."""
    return str(jwt.decode(token, options={"verify_signature": False})["sid"])


def fresh_address(slug: str) -> str:
    """An address that nobody has."""
    return f"{secrets.token_hex(6)}@{slug}.example"


def _single(base_url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=base_url, timeout=CALL_SECONDS, limits=httpx2.Limits(max_connections=1))
