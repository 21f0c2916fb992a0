"""One HTTP call, carried to a service and back, streaming both ways."""

import aiohttp
from starlette.types import Receive, Send

from common import telemetry
from common.clock import monotonic_seconds
from common.errors import Unavailable
from common.identity.identify import CONTEXT_HEADER
from common.identity.service_tokens import ServiceSigner
from common.logging import get_logger
from services.gateway.clients import Body, DeadlinePassed, Services
from services.gateway.domain.head import answer_headers
from services.gateway.service.bodies import WHOLE_BYTES, Incoming
from services.gateway.service.call import Call
from services.gateway.service.compression import packing
from services.gateway.service.overload import Gates, Place
from services.gateway.settings import Settings

log = get_logger(__name__)

DEFAULT_TENANT_HEADER = "x-markethall-default-tenant"


class AnswerCutOff(Exception):
    """A service went away in the middle of its answer; the client's connection must break, too."""


class Forwarder:
    """Adds what a service may believe, sends, and passes the answer on."""

    def __init__(self, services: Services, gates: Gates, signer: ServiceSigner, settings: Settings) -> None:
        self._services = services
        self._gates = gates
        self._signer = signer
        self._limit = settings.body_limit_bytes
        self._body_seconds = settings.body_seconds

    async def forward(self, call: Call, target: str, receive: Receive, send: Send) -> None:
        """Carry the call to ``call.service``; sets its status.

        Raises Overloaded, BodyTooLarge, BodyTooSlow, ClientGone, Unavailable or DeadlinePassed before anything was
        answered, and AnswerCutOff afterwards.
        """
        incoming = Incoming(call.head, receive, self._limit, self._body_seconds)
        body = await incoming.body()
        gate = self._gates.of(call.service, call, target)
        if not gate.try_enter():
            await gate.enter(call)
        leave = Place(gate).give_back if call.head.waits or not isinstance(body, bytes | None) else gate.leave
        began = monotonic_seconds()
        try:
            answer = await self._ask(call, target, incoming, body)
        finally:
            leave()
        if answer.status < 400 and not call.head.waits:
            gate.capacity.answered(monotonic_seconds() - began)
        call.status = answer.status
        try:
            packing_send = packing(send, call.method, call.head.taken.get(b"accept-encoding"))
            await _pass_on(call.service, call.method, answer, packing_send, call.answer_head())
        finally:
            answer.release()

    async def _ask(self, call: Call, target: str, incoming: Incoming, body: Body) -> aiohttp.ClientResponse:
        """The head of the answer."""
        headers = self.headers(call)
        if incoming.length is not None and not isinstance(body, bytes | None):
            headers.append(("content-length", str(incoming.length)))
        try:
            return await self._services.send(
                call.service, call.method, target, headers, body, repeats_safely=call.head.repeats_safely
            )
        except Unavailable:
            if incoming.error is not None:
                raise incoming.error from None
            raise

    def headers(self, call: Call) -> list[tuple[str, str]]:
        """What passes, and what the services believe because only the gateway can have written it."""
        headers = [*call.head.passed, *call.told()]
        headers.append((CONTEXT_HEADER, self._signer.token_for(call.service, call.tenant.id)))
        traceparent = telemetry.here()
        if traceparent is not None:
            headers = [pair for pair in headers if pair[0] != "traceparent"]
            headers.append(("traceparent", traceparent))
        if call.tenant.is_default:
            headers.append((DEFAULT_TENANT_HEADER, "1"))
        return headers


async def _pass_on(
    service: str, method: str, answer: aiohttp.ClientResponse, send: Send, added: list[tuple[bytes, bytes]]
) -> None:
    start = {
        "type": "http.response.start",
        "status": answer.status,
        "headers": answer_headers(answer.raw_headers) + added,
    }
    if method == "HEAD" or (answer.content_length or WHOLE_BYTES + 1) <= WHOLE_BYTES:
        whole = await _read(service, answer)
        await send(start)
        await send({"type": "http.response.body", "body": whole})
        return
    await send(start)
    try:
        async for chunk in answer.content.iter_any():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    except (aiohttp.ClientError, TimeoutError) as error:
        raise AnswerCutOff(service) from error
    await send({"type": "http.response.body", "body": b""})


async def _read(service: str, answer: aiohttp.ClientResponse) -> bytes:
    try:
        return await answer.read()
    except aiohttp.SocketTimeoutError as error:
        raise DeadlinePassed(service) from error
    except aiohttp.ClientError as error:
        raise Unavailable(f"The {service} service went away while it answered.") from error
