"""Structured logs: one JSON object a line on standard output, secrets blanked by name and by shape."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from common import context

_SECRET_NAME = re.compile(r"password|secret|token|authorization|api_?key|cookie|card_?number|private", re.I)
_SECRET_SHAPE = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+|\b(?:sk|rk|whsec|pk)_\w{8,}|\b\d(?:[ -]?\d){12,18}\b|(?<=://)[^/@\s:]+:[^/@\s]+(?=@)"
)


def _blank_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        event[name] = _without_secrets(name, value)
    return event


def _without_secrets(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return "[redacted]" if _SECRET_NAME.search(name) else _SECRET_SHAPE.sub("[redacted]", value)
    if isinstance(value, Mapping):
        return {key: _without_secrets(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(name, each) for each in value]
    return value


def _add_call(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    call = context.current()
    if call.correlation_id:
        event.setdefault("requestId", call.correlation_id)
        event.setdefault("actor", call.actor)
    if call.company_id:
        event.setdefault("companyId", call.company_id)
    if call.traceparent:
        event.setdefault("traceId", call.traceparent[3:35])
    return event


def configure(service: str, level: str = "INFO") -> None:
    """Set up structlog and route the standard library's loggers through the same processors."""
    threshold = logging.getLevelNamesMapping()[level]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_call,
    ]
    render: list[Any] = [structlog.processors.format_exc_info, _blank_secrets, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))
    structlog.contextvars.bind_contextvars(service=service)


def get_logger(name: str) -> Any:
    """A logger for one module: ``log.info("order_placed", orderId=…)``."""
    return structlog.get_logger(module=name)
