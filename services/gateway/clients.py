"""The pool of connections to the services, with deadlines, and one retry where it cannot do harm."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from prometheus_client import Gauge
from yarl import URL

from common.clock import monotonic_seconds
from common.errors import Unavailable
from common.logging import get_logger
from common.suite import SERVICES
from services.gateway.domain.breaker import Breaker
from services.gateway.domain.head import IDEMPOTENT_METHODS
from services.gateway.settings import Settings

_open = Gauge("markethall_breaker_open", "1 while a service is left alone because it did not answer", ["service"])

log = get_logger(__name__)

RETRY_PAUSE_SECONDS = 0.2
KEEP_ALIVE_SECONDS = 30
"""Shorter than the services' own (75 s), so that they never close a connection we are about to use."""

Body = bytes | AsyncIterator[bytes] | None


class DeadlinePassed(Unavailable):
    """A service took the call and did not answer in time (504)."""

    def __init__(self, service: str) -> None:
        super().__init__(f"The {service} service did not answer in time.", code="upstream_timeout")


class Services:
    """All calls that are forwarded; opened in the lifespan, after the fork."""

    def __init__(self, settings: Settings) -> None:
        self._bases = {name: settings.url_of(name) for name in SERVICES}
        self._breakers = {name: Breaker() for name in SERVICES}
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=settings.connect_seconds, sock_read=settings.answer_seconds
        )
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS, use_dns_cache=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )

    async def close(self) -> None:
        """Close the pool."""
        await self._session.close()

    async def send(
        self, service: str, method: str, target: str, headers: Any, body: Body, *, repeats_safely: bool
    ) -> aiohttp.ClientResponse:
        """The head of the answer; its body is still to be read.

        A call that never reached the service is tried once more, and so is one cut off that
        ``repeats_safely``. Raises Unavailable, at once while the service's breaker is open, or DeadlinePassed.
        """
        breaker = self._enter(service)
        try:
            answer = await self._twice(service, method, target, headers, body, repeats_safely)
        except Unavailable:
            breaker.failed(monotonic_seconds())
            _open.labels(service).set(breaker.is_open)
            raise
        except BaseException:
            breaker.abandoned()
            raise
        if breaker.is_open:
            _open.labels(service).set(0)
        breaker.succeeded()
        return answer

    def _enter(self, service: str) -> Breaker:
        """The service's breaker. Raises Unavailable while it is open."""
        breaker = self._breakers[service]
        if breaker.is_open:
            wait_seconds = breaker.enter(monotonic_seconds())
            if wait_seconds is not None:
                raise Unavailable(f"The {service} service does not answer.", wait_seconds)
        return breaker

    async def _twice(
        self, service: str, method: str, target: str, headers: Any, body: Body, repeats_safely: bool
    ) -> aiohttp.ClientResponse:
        url = URL(self._bases[service] + target, encoded=True)
        try:
            return await self._once(service, method, url, headers, body)
        except aiohttp.ClientConnectionError as error:
            never_arrived = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
            is_untried = repeats_safely and method not in IDEMPOTENT_METHODS  # aiohttp has repeated those itself
            if not (never_arrived or is_untried) or not isinstance(body, bytes | None):
                raise _away(service, error) from error
        await asyncio.sleep(RETRY_PAUSE_SECONDS)
        try:
            return await self._once(service, method, url, headers, body)
        except aiohttp.ClientConnectionError as error:
            raise _away(service, error) from error

    async def _once(self, service: str, method: str, url: URL, headers: Any, body: Body) -> aiohttp.ClientResponse:
        try:
            return await self._session.request(method, url, headers=headers, data=body, allow_redirects=False)
        except aiohttp.SocketTimeoutError as error:
            raise DeadlinePassed(service) from error
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as error:
            raise _away(service, error) from error

    async def open_socket(
        self, service: str, target: str, headers: Any, protocols: tuple[str, ...], *, largest_frame_bytes: int
    ) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket to a service. Raises Unavailable, or aiohttp's WSServerHandshakeError when refused."""
        url = URL(self._bases[service] + target, encoded=True)
        breaker = self._enter(service)
        try:
            socket = await self._session.ws_connect(
                url,
                headers=headers,
                protocols=protocols,
                autoclose=False,
                max_msg_size=largest_frame_bytes,
                timeout=aiohttp.ClientWSTimeout(ws_close=5.0),
                heartbeat=20.0,
            )
        except aiohttp.WSServerHandshakeError:
            breaker.succeeded()
            raise
        except (aiohttp.ClientError, TimeoutError) as error:
            breaker.failed(monotonic_seconds())
            raise _away(service, error) from error
        except BaseException:
            breaker.abandoned()
            raise
        breaker.succeeded()
        return socket

    async def is_ready(self, service: str, deadline_seconds: float) -> str | None:
        """None when the service says that it is ready, else the reason."""
        try:
            async with asyncio.timeout(deadline_seconds):
                async with self._session.get(self._bases[service] + "/health/ready") as answer:
                    await answer.read()
                    return None if answer.status == 200 else f"answered {answer.status}"
        except TimeoutError:
            return "did not answer in time"
        except aiohttp.ClientError:
            return "cannot be reached"


def _away(service: str, error: Exception) -> Unavailable:
    log.warning("service_away", service=service, error=repr(error))
    return Unavailable(f"The {service} service does not answer.")
