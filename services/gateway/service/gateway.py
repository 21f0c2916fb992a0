"""Every call passes here: who, how often, for which company, and then to its service."""

import asyncio
import time
from functools import cache
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from common.errors import DomainError, NotFound
from common.events import Envelope
from common.logging import get_logger
from common.runtime import Runtime
from services.gateway.clients import Services
from services.gateway.domain import destinations
from services.gateway.domain.rates import kind_of
from services.gateway.domain.refusals import BodyTooSlow
from services.gateway.service.admission import Admission
from services.gateway.service.answers import problem_of, shed, with_headers
from services.gateway.service.bodies import ClientGone
from services.gateway.service.call import Call, begin
from services.gateway.service.compression import packing
from services.gateway.service.documents import Documents
from services.gateway.service.forwarding import Forwarder
from services.gateway.service.health import Health
from services.gateway.service.origins import Origins
from services.gateway.service.overload import Gates, Overloaded
from services.gateway.service.sockets import refuse_socket, relay
from services.gateway.service.tenants import Tenants
from services.gateway.settings import Settings

log = get_logger(__name__)

CLOSING = (b"connection", b"close")
"""Who does not send what it announced sends nothing else on this connection."""

_calls = Counter("markethall_forwarded_total", "Calls forwarded to a service, by its answer", ["service", "status"])
_seconds = Histogram("markethall_forwarded_seconds", "Time to answer a forwarded call", ["service"])


class Gateway:
    """The use cases of the gateway."""

    def __init__(self, runtime: Runtime, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services
        self._trusted = settings.networks
        self._gates = Gates()
        self._forwarder = Forwarder(services, self._gates, runtime.signer, settings)
        self.tenants = Tenants(runtime.clients, settings.company_seconds, settings.default_tenant)
        self._admission = Admission(runtime, settings, self.tenants)
        self._origins = Origins(runtime.clients, self.tenants, settings)
        self.health = Health(services, runtime)
        self.documents = Documents(runtime.clients)

    async def http(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP call; ``app`` answers what is the gateway's own."""
        started = time.perf_counter()
        call = begin(scope, self._trusted)
        try:
            await self._answer(app, call, receive, send)
        except Overloaded as error:
            call.status, call.is_shed = 503, True
            await shed(error, scope["path"], call.request_id, call.answer_head(), send)
        except DomainError as error:
            if isinstance(error, BodyTooSlow):
                call.added.append(CLOSING)
            answer = problem_of(error, scope["path"])
            call.status = answer.status_code
            await answer(scope, receive, with_headers(send, call.answer_head()))
        except ClientGone:
            call.status = 499
        finally:
            _observe(call, time.perf_counter() - started)

    async def socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open one WebSocket and carry it until either side closes."""
        call = begin(scope, self._trusted)
        try:
            path, target = call.path()
            call.service = _service_for(path if path in destinations.SOCKETS else "")
            await self._admission.admit(call, path)
            await relay(self._services, call, target, self._forwarder.headers(call), receive, send)
        except DomainError as error:
            await refuse_socket(scope, receive, send, problem_of(error, scope["path"]))

    def hear(self, event: Envelope[Any]) -> None:
        """Forget what an announcement says is out of date."""
        self.tenants.forget(event)
        self._admission.homes.forget(event)
        self._admission.keys.forget(event)
        if event.type.startswith(("company.", "domain.")):
            self._origins.forget()

    async def keep_pool(self) -> None:
        """Hold the connections to the services until the gateway stops."""
        try:
            await asyncio.Event().wait()
        finally:
            await self._services.close()

    async def _answer(self, app: ASGIApp, call: Call, receive: Receive, send: Send) -> None:
        if call.method == "OPTIONS" and b"access-control-request-method" in call.head.taken:
            await self._preflight(call, receive, send)
            return
        try:
            path, target = await self._enter(call)
        finally:
            if b"origin" in call.head.taken:
                await self._origins.mark(call)
        if path in destinations.OWN or (path == "/metrics" and self._settings.shows_metrics):
            packing_send = packing(send, call.method, call.head.taken.get(b"accept-encoding"))
            await app(call.own_scope(path), receive, with_headers(packing_send, call.answer_head()))
            return
        call.service = _service_for(path)
        await self._forwarder.forward(call, target, receive, send)

    async def _enter(self, call: Call) -> tuple[str, str]:
        """Admit the call; its canonical path, and the target as sent on."""
        try:
            path, target = call.path()
        except DomainError:
            await self._admission.count(call, kind_of(call.method, ""))
            raise
        service = destinations.service_for(path)
        if service is not None:
            self._gates.of(service, call, path).knock(call)
        await self._admission.admit(call, path)
        return path, target

    async def _preflight(self, call: Call, receive: Receive, send: Send) -> None:
        await self._admission.count(call, "read")
        await self._origins.preflight(call)
        call.status = 204
        await Response(status_code=204)(call.scope, receive, with_headers(send, call.answer_head()))


def _service_for(path: str) -> str:
    service = destinations.service_for(path)
    if service is None:
        raise NotFound("address")
    return service


@cache
def _measures(service: str, status: int) -> tuple[Counter, Histogram]:
    return _calls.labels(service, str(status)), _seconds.labels(service)


def _observe(call: Call, seconds: float) -> None:
    count, duration = _measures(call.service, call.status)
    count.inc()
    duration.observe(seconds)
    if call.status >= 500 and not call.is_shed:  # those are counted: a line for each would be load of its own
        log.warning("answered_badly", service=call.service, status=call.status, path=call.scope["path"])
