"""One service in this process, on real servers, with tokens for any principal."""

import importlib
import os
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Self

import aio_pika
import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic_core import from_json, to_json

from common.clock import SystemClock
from common.context import CallContext
from common.events import EventData, seal
from common.identity import tokens
from common.identity.identify import CONTEXT_HEADER
from common.identity.permissions import ROLE_PERMISSIONS
from common.identity.service_tokens import ServiceSigner
from common.ids import new_id
from common.messaging.topology import EVENTS, declare_all
from common.settings import ServiceSettings
from common.testing.listener import Listener

KEY = Ed25519PrivateKey.from_private_bytes(b"a key that only the tests use!!!")
KEY_ID = "test"


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """Administrator's addresses, a database prefix and a virtual host that only this run uses."""

    mongo_url: str
    amqp_url: str
    database_prefix: str


def test_jwks() -> str:
    """The key set that accepts the harness's tokens."""
    entry = from_json(jwt.algorithms.OKPAlgorithm.to_jwk(KEY.public_key()))
    return to_json({"keys": [{**entry, "kid": KEY_ID, "use": "sig", "alg": "EdDSA"}]}).decode()


def admit(
    role: str,
    company_id: str | None = None,
    *,
    user_id: str | None = None,
    shop_ids: Sequence[str] = (),
    customer_id: str | None = None,
    session_id: str | None = None,
    issued_at: int | None = None,
) -> str:
    """An access token for a principal of this role."""
    assert role in ROLE_PERMISSIONS, role
    now = issued_at or int(time.time())
    claims = tokens.AccessClaims(
        subject=user_id or new_id("usr"),
        session_id=session_id or new_id("ses"),
        role=role,
        company_id=company_id,
        shop_ids=tuple(shop_ids),
        customer_id=customer_id,
        email=None,
        permissions=None,
        issued_at=now,
        expires_at=now + 900,
    )
    return tokens.encode(claims, KEY, KEY_ID)


class Harness:
    """Runs ``services.<name>`` with its lifespan; requests go through ASGI, events through the broker."""

    def __init__(self, name: str, infrastructure: Infrastructure, **environment: str) -> None:
        self.name = name
        self.infrastructure = infrastructure
        self._environment = environment
        self._stack = AsyncExitStack()
        self._sequence = 0

    async def __aenter__(self) -> Self:
        module = importlib.import_module(f"services.{self.name}.app")
        handlers = _handled_types(self.name)
        await declare_all(self.infrastructure.amqp_url, {self.name: handlers} if handlers else {})
        with _environment(self.environment()):
            settings = module.settings()
        self.app = module.create_app(settings)
        await self._stack.enter_async_context(self.app.router.lifespan_context(self.app))
        self.runtime = self.app.state.runtime
        self.service = self.app.state.service
        self.events = await self._stack.enter_async_context(Listener(self.infrastructure.amqp_url))
        connection = await aio_pika.connect(self.infrastructure.amqp_url)
        self._stack.push_async_callback(connection.close)
        self._exchange = await (await connection.channel()).get_exchange(EVENTS)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def environment(self) -> dict[str, str]:
        """The environment the service starts with."""
        return {
            "MARKETHALL_SERVICE": self.name,
            "MARKETHALL_DATABASE_PREFIX": self.infrastructure.database_prefix,
            "MARKETHALL_JWKS": test_jwks(),
            "MONGO_URL": self.infrastructure.mongo_url,
            "AMQP_URL": self.infrastructure.amqp_url,
            **self._environment,
        }

    def client(self, token: str | None = None, *, tenant: str | None = None, **headers: str) -> httpx2.AsyncClient:
        """A client whose calls look as if the gateway had forwarded them."""
        signed = self._signer("gateway").token_for(self.name, tenant)
        base = {CONTEXT_HEADER: signed, **headers}
        if token is not None:
            base["authorization"] = f"Bearer {token}"
        return self._http(base)

    def user(self, role: str, company_id: str | None = None, **claims: Any) -> httpx2.AsyncClient:
        """A client signed in with this role."""
        tenant = claims.pop("tenant", company_id)
        return self.client(admit(role, company_id, **claims), tenant=tenant)

    def service_client(self, caller: str, tenant: str | None = None) -> httpx2.AsyncClient:
        """A client that calls as another service."""
        token = self._signer(caller).token_for(self.name, tenant)
        return self._http({"authorization": f"Bearer {token}"})

    async def publish(
        self,
        data: EventData,
        company_id: str | None,
        *,
        sequence: int | None = None,
        event_id: str | None = None,
        times: int = 1,
    ) -> str:
        """Publish an event as its producer would, ``times`` times with one id; returns the id."""
        self._sequence += 1
        document = seal(
            data,
            source=data.PRODUCER,
            company_id=company_id,
            sequence=sequence or self._sequence,
            now=SystemClock().now(),
            call=CallContext(correlation_id=new_id("req"), actor="user:test"),
        )
        document["id"] = event_id or document["id"]
        for _ in range(times):
            await self._exchange.publish(aio_pika.Message(to_json([document])), data.TYPE)
        return str(document["id"])

    def _signer(self, service: str) -> ServiceSigner:
        with _environment({**self.environment(), "MARKETHALL_SERVICE": service}):
            return ServiceSigner(ServiceSettings())

    def _http(self, headers: dict[str, str]) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=self.app)
        return httpx2.AsyncClient(transport=transport, base_url="http://service", headers=headers)


def _handled_types(name: str) -> list[str]:
    try:
        handlers = importlib.import_module(f"services.{name}.handlers")
    except ModuleNotFoundError:
        return []
    return [model.TYPE for model in getattr(handlers, "HANDLERS", {})]


class _environment:
    """The process environment with these variables for a moment; settings are read from it."""

    def __init__(self, variables: dict[str, str]) -> None:
        self._variables = variables

    def __enter__(self) -> None:
        self._before = dict(os.environ)
        os.environ.update(self._variables)

    def __exit__(self, *_: object) -> None:
        os.environ.clear()
        os.environ.update(self._before)
