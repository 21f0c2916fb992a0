"""``python -m dev.documents``: the pages that are generated from the code, and the golden contracts."""

import importlib
import importlib.util
import inspect
import json
import os
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from common.events import EVENT_MODELS, EventData
from common.events.asyncapi import catalogue
from common.settings import ServiceSettings
from common.suite import SERVICES
from dev.home import REPOSITORY

EVENTS_PAGE = REPOSITORY / "docs/events.md"
ASYNCAPI = REPOSITORY / "docs/asyncapi.json"
SETTINGS_PAGE = REPOSITORY / "docs/settings.md"
GOLDEN = REPOSITORY / "tests/contract/golden"
NOWHERE = {"MONGO_URL": "mongodb://127.0.0.1:1", "AMQP_URL": "amqp://127.0.0.1:1"}

_INTRODUCTION = """# Events

Generated from the event models and the handler tables by `python -m dev.documents`; a test fails when it is stale.
Every event is a CloudEvent 1.0 on the topic exchange `markethall.events`, its type the routing key. Those who act
consume from a queue of their own; audit, analytics and realtime read the feed of everything.

| event | producer | acted on by | what it says |
|---|---|---|---|
"""


_SETTINGS_INTRODUCTION = """# Settings

Generated from each service's `settings.py` by `python -m dev.documents`; a test fails when it is stale. `./markethall
up` sets what a machine needs; whatever stands in its environment goes before. Lists and maps are written as JSON.
Secrets (marked *secret*) show in no log.
"""


def handler_tables() -> dict[str, list[type[EventData]]]:
    """The events in each service's handler table, for those that have one."""
    tables: dict[str, list[type[EventData]]] = {}
    for name in SERVICES:
        if importlib.util.find_spec(f"services.{name}.handlers") is None:
            continue
        module = importlib.import_module(f"services.{name}.handlers")
        models = [*getattr(module, "HANDLERS", {}), *getattr(module, "WATCHED", ())]
        tables[name] = [model for model in models if isinstance(model, type)]
    return tables


def asyncapi_document() -> dict[str, Any]:
    """The event catalogue as AsyncAPI 3."""
    consumers = {name: [model.TYPE for model in models] for name, models in handler_tables().items() if models}
    document: dict[str, Any] = json.loads(json.dumps(catalogue(consumers)))
    return document


def events_page() -> str:
    """The event catalogue for people."""
    tables = handler_tables()
    rows = []
    for event_type, model in sorted(EVENT_MODELS.items()):
        consumers = [name for name, models in sorted(tables.items()) if model in models]
        says = " ".join((model.__doc__ or "").split("\n\n")[0].split())
        rows.append(f"| `{event_type}` | {model.PRODUCER} | {', '.join(consumers) or '–'} | {says} |\n")
    return _INTRODUCTION + "".join(rows)


def settings_page() -> str:
    """What each service reads from its environment."""
    parts = [_SETTINGS_INTRODUCTION, _settings_of("Every service", ServiceSettings, {"service"})]
    for name in SERVICES:
        settings = importlib.import_module(f"services.{name}.settings").Settings
        own = {field for field in settings.model_fields if field not in ServiceSettings.model_fields}
        if own:
            parts.append(_settings_of(name, settings, set(settings.model_fields) - own))
    return "\n".join(parts)


def _settings_of(title: str, settings: type[ServiceSettings], without: set[str]) -> str:
    says = inspect.cleandoc(settings.__doc__ or "").replace("``", "`")
    rows = [
        f"| `{_variable(name, field)}` | {_default(field)} |\n"
        for name, field in settings.model_fields.items()
        if name not in without
    ]
    return f"## {title}\n\n{says}\n\n| variable | default |\n|---|---|\n{''.join(rows)}"


def _variable(name: str, field: FieldInfo) -> str:
    return str(field.validation_alias or f"MARKETHALL_{name.upper()}")


def _default(field: FieldInfo) -> str:
    kind = " *secret*" if "SecretStr" in str(field.annotation) else ""
    if field.is_required():
        return f"required{kind}"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or isinstance(value, SecretStr):
        return f"none{kind}"
    written = json.dumps(value) if isinstance(value, bool | list | dict) else str(value)
    return f"`{written}`" if written else "empty"


def openapi_documents() -> dict[str, dict[str, Any]]:
    """Each service's OpenAPI document, without starting anything."""
    documents = {}
    for name in SERVICES:
        before = dict(os.environ)
        os.environ.update({**NOWHERE, "MARKETHALL_SERVICE": name})
        try:
            module = importlib.import_module(f"services.{name}.app")
            documents[name] = json.loads(json.dumps(module.create_app(module.settings()).openapi()))
        finally:
            os.environ.clear()
            os.environ.update(before)
    return documents


def event_schemas() -> dict[str, dict[str, Any]]:
    """The JSON schema of each event's data."""
    schemas: Mapping[str, type[EventData]] = EVENT_MODELS
    return {kind: model.model_json_schema(by_alias=True) for kind, model in sorted(schemas.items())}


def main() -> None:
    """Write every generated page."""
    EVENTS_PAGE.write_text(events_page())
    SETTINGS_PAGE.write_text(settings_page())
    ASYNCAPI.write_text(_pretty(asyncapi_document()))
    (GOLDEN / "openapi").mkdir(parents=True, exist_ok=True)
    for name, document in openapi_documents().items():
        (GOLDEN / "openapi" / f"{name}.json").write_text(_pretty(document))
    (GOLDEN / "events.json").write_text(_pretty(event_schemas()))


def _pretty(document: Any) -> str:
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    main()
