"""One trace from a request through the broker to the handler of another service, as a collector receives it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from common.clock import SystemClock
from common.ids import new_id
from common.testing import Harness, Infrastructure, admit
from services.company.domain import Company
from services.company.store import Companies
from tests.gateway.backend import Served, read

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRACE = "0af7651916cd43dd8448eb211c80319c"
ABOVE = "b7ad6b7169203331"


class Collector:
    """Receives OTLP over HTTP, as a tracing backend does."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        sent = ExportTraceServiceRequest.FromString(await read(receive))
        for resource in sent.resource_spans:
            service = next(
                each.value.string_value for each in resource.resource.attributes if each.key == "service.name"
            )
            self.spans += [(service, span) for part in resource.scope_spans for span in part.spans]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def wait_for(self, service: str, name: str) -> Any:
        """The span of this name in our trace. Raises TimeoutError."""
        async with asyncio.timeout(20):
            while True:
                for told_by, span in self.spans:
                    if (told_by, span.name) == (service, name) and span.trace_id.hex() == TRACE:
                        return span
                await asyncio.sleep(0.05)


@asynccontextmanager
async def served(harness: Harness, collector_port: int) -> AsyncIterator[str]:
    """A service as a process of its own, which exports its spans."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        **harness.environment(),
        "MARKETHALL_PORT": str(port),
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "common.serve", harness.name, env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(30), httpx2.AsyncClient(base_url=url) as client:
            while not await _is_ready(client):
                assert process.returncode is None
                await asyncio.sleep(0.1)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def _is_ready(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/health/ready")).status_code == 200
    except httpx2.TransportError:
        return False


class TestTrace:
    async def test_goes_through_http_and_events(self, infrastructure: Infrastructure) -> None:
        collector, company_id = Collector(), new_id("cmp")
        async with Harness("inventory", infrastructure) as second:
            pass  # its queue stands from now on, and nobody but the process below takes from it
        async with Served(collector) as receiver, Harness("company", infrastructure) as first:
            await _make_company(first, company_id)
            async with served(first, receiver.port) as url, served(second, receiver.port):
                headers = first.client(admit("company_admin", company_id), tenant=company_id).headers
                headers["traceparent"] = f"00-{TRACE}-{ABOVE}-01"
                async with httpx2.AsyncClient(base_url=url, headers=headers) as client:
                    answer = await client.patch(f"/api/companies/{company_id}", json={"name": "Renamed"})
                assert answer.status_code == 200, answer.text
                told = (await first.events.wait_for("company.updated", lambda e: e.company_id == company_id))[0]
                request = await collector.wait_for("markethall-company", "PATCH /api/companies/{company_id}")
                handled = await collector.wait_for("markethall-inventory", "process company.updated")
        assert request.parent_span_id.hex() == ABOVE
        assert told.traceparent == f"00-{TRACE}-{request.span_id.hex()}-01"
        assert handled.parent_span_id == request.span_id


async def _make_company(company: Harness, company_id: str) -> None:
    made = Company.found(
        company_id=company_id,
        name="Traced",
        slug=company_id.replace("_", "-"),
        currency="EUR",
        timezone="UTC",
        country=None,
        now=SystemClock().now(),
    )
    await Companies(company.runtime.ground).for_company(company_id).insert(made)
