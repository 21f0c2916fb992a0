"""What an OpenAPI document says beyond the models: permissions, refusals and examples of each operation."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from common.identity.permissions import ANONYMOUS
from common.identity.requires import ANYONE
from common.web.examples import PREFIXES, Examples
from common.web.problems import PROBLEM_SCHEMA
from common.web.route_table import api_routes, requirements

Document = dict[str, Any]

SECURITY_SCHEMES: Document = {
    "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_SIGNED_IN: list[Document] = [{"accessToken": []}, {"apiKey": []}]

REFUSALS: dict[int, tuple[str, str]] = {
    400: ("invalid_json", "The body is not JSON, or the call names no company, or two."),
    401: ("invalid_token", "No credentials where some are needed, or bad ones."),
    403: ("permission_denied", "Known who, not allowed."),
    404: ("not_found", "There is no such thing, or it is somebody else's."),
    409: ("request_in_progress", "The state does not allow it, or the first call with this key still runs."),
    412: ("version_conflict", "Somebody changed it in between."),
    413: ("body_too_large", "The body is too large."),
    415: ("unsupported_media_type", "The body is not sent as JSON."),
    422: ("invalid_body", "Some fields are refused."),
    429: ("rate_limited", "Too many calls; slow down."),
    503: ("unavailable", "Something needed is away for the moment."),
}
"""The usual code of each status, and when it is answered."""


def describe(document: Document, app: FastAPI) -> Document:
    """Complete a document in place."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM_SCHEMA
    components["securitySchemes"] = SECURITY_SCHEMES
    examples = Examples(schemas)
    for route in api_routes(app):
        for method in route.methods or ():
            operation = document.get("paths", {}).get(route.path_format, {}).get(method.lower())
            if operation is not None:
                _describe(operation, route, examples)
    return document


def _describe(operation: Document, route: APIRoute, examples: Examples) -> None:
    named = [name for each in requirements(route.dependant) for name in (each.permission, *each.alternatives)]
    is_open = ANYONE in named or not ANONYMOUS.isdisjoint(named)
    text = " ".join((route.endpoint.__doc__ or "").split())
    if text:
        operation["summary"] = text.partition(". ")[0].rstrip(".")[:120]
        operation["description"] = text
    operation["x-permissions"] = named
    operation["security"] = [{}, *_SIGNED_IN] if is_open else _SIGNED_IN
    for status in _refusals(operation, is_open=ANYONE in named):
        operation["responses"].setdefault(str(status), refusal(status))
    _show(operation, route.path_format, examples)


def _refusals(operation: Document, *, is_open: bool) -> list[int]:
    """The statuses that can be told from what the operation takes."""
    places = {(each["in"], each["name"].lower()) for each in operation.get("parameters", ())}
    kinds = {place for place, _ in places}
    found = {401, 429, 503}
    if not is_open:
        found |= {400, 403}
    if "path" in kinds:
        found |= {404}
    if kinds & {"path", "query", "header"}:
        found |= {422}
    if "requestBody" in operation:
        found |= {400, 413, 415, 422}
    if ("header", "idempotency-key") in places:
        found |= {409}
    if ("header", "if-match") in places:
        found |= {412}
    return sorted(found)


def refusal(status: int) -> Document:
    """A problem answer with its example."""
    code, text = REFUSALS[status]
    example: Document = {
        "type": f"urn:markethall:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": text,
        "code": code,
        "requestId": "req_01k9x3v7q2m8n4p6r5s1t0wzyb",
    }
    if status == 422:
        example["errors"] = [{"field": "items.0.quantity", "message": "Input should be greater than or equal to 1"}]
    told: Document = {
        "description": text,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
        },
    }
    header = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}.get(status)
    if header:
        told["headers"] = {header: {"schema": {"type": "string" if status == 401 else "integer"}}}
    return told


def _show(operation: Document, path: str, examples: Examples) -> None:
    """An example of the body and of each success, where the models show none."""
    about = _about(path)
    for media in operation.get("requestBody", {}).get("content", {}).values():
        if "example" not in media and "examples" not in media and "schema" in media:
            media["example"] = examples.of(media["schema"], about=about, is_request=True)
    for status, answer in operation["responses"].items():
        media = answer.get("content", {}).get("application/json")
        if status.startswith("2") and media and media.get("schema") and not {"example", "examples"} & media.keys():
            media["example"] = examples.of(media["schema"], about=about)


def _about(path: str) -> str:
    """The resource that a path is about, as its ids call it."""
    for segment in reversed(path.split("/")):
        for name in PREFIXES:
            if segment in (name, f"{name}s", f"{name[:-1]}ies", f"{name}es"):
                return name
    return ""
