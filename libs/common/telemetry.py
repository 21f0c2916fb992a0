"""OpenTelemetry, when an endpoint is configured; otherwise nothing of it is even imported."""

from common.settings import ServiceSettings


def configure(settings: ServiceSettings) -> None:
    """Export spans over OTLP/HTTP to ``OTEL_EXPORTER_OTLP_ENDPOINT`` where it is set."""
    if not settings.telemetry_endpoint:
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"markethall-{settings.service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{settings.telemetry_endpoint}/v1/traces")))
    trace.set_tracer_provider(provider)
