"""OpenTelemetry, when an endpoint is configured; otherwise nothing of it is even imported.

FastAPI opens a span a request. What the request causes carries that span's ``traceparent`` (W3C Trace Context),
through calls to other services and through events; a handler's span is its child.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from common.settings import ServiceSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

FLUSH_MILLISECONDS = 2_000

_provider: "TracerProvider | None" = None


def configure(settings: ServiceSettings) -> None:
    """Export spans over OTLP/HTTP to ``OTEL_EXPORTER_OTLP_ENDPOINT`` where it is set; sampled as ``OTEL_*`` says."""
    global _provider
    if not settings.telemetry_endpoint or _provider is not None:
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    _provider = TracerProvider(resource=Resource.create({"service.name": f"markethall-{settings.service}"}))
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{settings.telemetry_endpoint}/v1/traces")))
    trace.set_tracer_provider(_provider)


async def flush() -> None:
    """Send what is left; at the end of a service."""
    if _provider is not None:
        await asyncio.to_thread(_provider.force_flush, FLUSH_MILLISECONDS)


def here(otherwise: str | None = None) -> str | None:
    """The ``traceparent`` of the span at hand; ``otherwise`` where nothing is exported."""
    if _provider is None:
        return otherwise
    from opentelemetry import trace

    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return otherwise
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


@contextmanager
def handling(event_type: str, event_id: str, traceparent: str | None) -> Iterator[str | None]:
    """A span around the handling of one event, below the span that caused it; yields its own ``traceparent``."""
    if _provider is None:
        yield traceparent
        return
    from opentelemetry import propagate, trace

    parent = propagate.extract({"traceparent": traceparent} if traceparent else {})
    told = {"messaging.system": "rabbitmq", "messaging.operation.type": "process", "messaging.message.id": event_id}
    tracer = trace.get_tracer("markethall")
    with tracer.start_as_current_span(f"process {event_type}", parent, trace.SpanKind.CONSUMER, told):
        yield here(traceparent)
