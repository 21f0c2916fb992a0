"""The event catalogue as an AsyncAPI 3.0 document, from the event models and the handler tables."""

from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import Any

from common.events.base import EVENT_MODELS, EventData
from common.messaging.topology import EVENTS

WATCHERS = ("analytics", "audit", "realtime")
"""Those that read the feed of every event, and act on what concerns them."""

_TEXT = {"type": "string"}
_ENVELOPE: dict[str, Any] = {
    "specversion": {"const": "1.0"},
    "id": {**_TEXT, "description": "evt_…; the same id again is the same event"},
    "source": {**_TEXT, "description": "markethall/<service>"},
    "subject": {**_TEXT, "description": "the id of the aggregate that the fact is about"},
    "time": {**_TEXT, "format": "date-time"},
    "datacontenttype": {"const": "application/json"},
    "companyid": {**_TEXT, "description": "the tenant; absent for facts of the platform"},
    "shopid": _TEXT,
    "actor": {**_TEXT, "description": "user:…, key:…, service:…, anonymous or system"},
    "correlationid": {**_TEXT, "description": "the request that began it all"},
    "causationid": {**_TEXT, "description": "the event that caused this one"},
    "clientip": _TEXT,
    "traceparent": _TEXT,
    "sequence": {"type": "integer", "description": "orders the events of one aggregate"},
}
_REQUIRED = ("specversion", "id", "source", "type", "subject", "time", "actor", "dataversion", "data")


def catalogue(consumers: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """The AsyncAPI document. ``consumers`` names the event types in each acting service's handler table."""
    schemas: dict[str, Any] = {}
    types = sorted(EVENT_MODELS)
    messages = {kind: _message(EVENT_MODELS[kind], schemas) for kind in types}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Markethall events",
            "version": "1",
            "description": "CloudEvents 1.0 in JSON, batches of one type, on one topic exchange.",
        },
        "defaultContentType": "application/cloudevents-batch+json",
        "channels": {kind: _channel(kind) for kind in types},
        "operations": _operations(types, consumers),
        "components": {"messages": messages, "schemas": dict(sorted(schemas.items()))},
    }


def _channel(kind: str) -> dict[str, Any]:
    return {
        "address": kind,
        "messages": {kind: {"$ref": f"#/components/messages/{kind}"}},
        "bindings": {
            "amqp": {"is": "routingKey", "exchange": {"name": EVENTS, "type": "topic", "durable": True}},
        },
    }


def _operations(types: Iterable[str], consumers: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for kind in types:
        producer = EVENT_MODELS[kind].PRODUCER
        operations[f"{producer}.sends.{kind}"] = _operation("send", kind, producer)
    for service, handled in sorted(consumers.items()):
        for kind in sorted(handled):
            operations[f"{service}.receives.{kind}"] = _operation("receive", kind, service)
    for service in WATCHERS:
        for kind in types:
            operations.setdefault(f"{service}.receives.{kind}", _operation("receive", kind, service))
    return operations


def _operation(action: str, kind: str, service: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{kind}"},
        "messages": [{"$ref": f"#/channels/{kind}/messages/{kind}"}],
        "tags": [{"name": service}],
    }


def _message(model: type[EventData], schemas: dict[str, Any]) -> dict[str, Any]:
    data = model.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}", mode="serialization")
    description = cleandoc(model.__doc__ or "")
    parts = {**data.pop("$defs", {}), model.__name__: {**data, "description": description}}
    for name, schema in parts.items():
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"two different models are called {name}")
    return {
        "name": model.TYPE,
        "title": model.__name__,
        "summary": description.partition("\n")[0],
        "contentType": "application/cloudevents-batch+json",
        "payload": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    **_ENVELOPE,
                    "type": {"const": model.TYPE},
                    "dataversion": {"const": str(model.VERSION)},
                    "data": {"$ref": f"#/components/schemas/{model.__name__}"},
                },
                "required": list(_REQUIRED),
            },
        },
    }
