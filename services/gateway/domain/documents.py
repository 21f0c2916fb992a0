"""Merging the OpenAPI documents of the services into one."""

from typing import Any

from services.gateway.domain.destinations import OWN, service_for

Document = dict[str, Any]

_REF = "#/components/schemas/"
_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})

SECURITY_SCHEMES: Document = {
    "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}

HEADERS: Document = {
    "X-Request-ID": {"description": "The call's id, as sent or made.", "schema": {"type": "string"}},
    "RateLimit-Limit": {"description": "Calls allowed.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "Calls left.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds until all are left again.", "schema": {"type": "integer"}},
}
"""What every answer carries."""

_HEADER_REFERENCES: Document = {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS}


def merge(documents: dict[str, Document]) -> Document:
    """One document of every address that the gateway forwards; schemas that differ get their service's name."""
    paths: Document = {}
    schemas: Document = {}
    for service, document in documents.items():
        own = document.get("components", {}).get("schemas", {})
        names = {name: _name_for(service, name, schema, schemas) for name, schema in own.items()}
        for name, schema in own.items():
            schemas[names[name]] = _renamed(schema, names)
        for path, item in document.get("paths", {}).items():
            if _is_public(service, path):
                paths[path] = _renamed(_told_apart(service, item), names)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Markethall", "version": "1", "description": "Every service behind the one gateway."},
        "servers": [{"url": "/"}],
        "security": [{}, {"accessToken": []}, {"apiKey": []}],
        "tags": [{"name": service} for service in documents],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "headers": HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _is_public(service: str, path: str) -> bool:
    return path in OWN if service == "gateway" else service_for(path) == service


def _name_for(service: str, name: str, schema: Document, taken: Document) -> str:
    if name not in taken or taken[name] == schema:
        return name
    return f"{service.capitalize()}{name}"


def _told_apart(service: str, item: Document) -> Document:
    """The operations with the service as their tag and in their ids, which several services may share, and with
    the headers of every answer."""
    told = dict(item)
    for method in _METHODS & told.keys():
        operation = dict(told[method])
        operation["tags"] = [service]
        if "operationId" in operation:
            operation["operationId"] = f"{service}_{operation['operationId']}"
        operation["responses"] = {
            status: {**answer, "headers": {**answer.get("headers", {}), **_HEADER_REFERENCES}}
            for status, answer in operation.get("responses", {}).items()
        }
        told[method] = operation
    return told


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        renamed = {key: _renamed(inner, names) for key, inner in value.items()}
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith(_REF):
            name = reference.removeprefix(_REF)
            renamed["$ref"] = _REF + names.get(name, name)
        return renamed
    if isinstance(value, list):
        return [_renamed(inner, names) for inner in value]
    return value
