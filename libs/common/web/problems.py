"""RFC 9457 problem answers: the one place where domain errors become HTTP."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from pymongo.errors import ConnectionFailure, ExecutionTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from common import context, errors
from common.clients import CallRefused
from common.logging import get_logger
from common.web.route_table import allowed_methods

log = get_logger(__name__)

STATUS: dict[type[errors.DomainError], int] = {
    errors.BadRequest: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.VersionConflict: 412,
    errors.Invalid: 422,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
}

_HTTP_CODES = {
    400: "invalid_json",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "requestId": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "required": ["field", "message"],
            },
        },
    },
}

PROBLEM_EXAMPLE: dict[str, Any] = {
    "type": "urn:markethall:problem:not_found",
    "title": "Not Found",
    "status": 404,
    "detail": "There is no such order.",
    "instance": "/api/orders/ord_01k9x3v7q2m8n4p6r5s1t0wzyb",
    "code": "not_found",
    "requestId": "req_01k9x3v7q2m8n4p6r5s1t0wzyb",
}


def problem(status: int, code: str, detail: str = "", instance: str = "", **members: Any) -> Response:
    """A problem answer. ``members`` are extension members such as ``errors`` or ``currentTotal``."""
    document = {
        "type": f"urn:markethall:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
        "requestId": context.current().correlation_id,
        **members,
    }
    headers = {}
    if status == 401:
        headers["www-authenticate"] = f'Bearer realm="markethall", error="{code}"'
    return Response(to_json(document), status, headers, media_type="application/problem+json")


def of_domain(error: errors.DomainError, instance: str = "") -> Response:
    """The answer for a typed domain error."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    members = dict(error.extra)
    if isinstance(error, errors.Invalid) and error.fields:
        members["errors"] = [{"field": field, "message": message} for field, message in error.fields]
    answer = problem(status, error.code, error.detail, instance, **members)
    if isinstance(error, errors.TooManyRequests | errors.Unavailable):
        answer.headers["retry-after"] = str(error.retry_after_seconds)
    return answer


async def _domain(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.DomainError)
    return of_domain(error, request.url.path)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(entry["type"] == "json_invalid" for entry in found):
        return problem(400, "invalid_json", "The body is not JSON.", request.url.path)
    if not _is_json(request) and any(entry["loc"] == ("body",) and entry["type"] != "missing" for entry in found):
        return problem(415, "unsupported_media_type", "Send the body as application/json.", request.url.path)
    in_body = any(entry["loc"][:1] == ("body",) for entry in found)
    listed = [
        {"field": ".".join(str(part) for part in entry["loc"][1:]) or str(entry["loc"][0]), "message": entry["msg"]}
        for entry in found[:50]
    ]
    in_query = any(entry["loc"][:1] != ("header",) for entry in found)
    code = "invalid_body" if in_body else "invalid_query" if in_query else "invalid_header"
    return problem(422, code, "Some fields are refused.", request.url.path, errors=listed)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _HTTP_CODES.get(error.status_code, "http_error")
    answer = problem(error.status_code, code, str(error.detail), request.url.path)
    answer.headers.update(error.headers or {})
    if error.status_code == 405:
        answer.headers["allow"] = ", ".join(allowed_methods(request.app, request.scope["path"]))
    return answer


def _is_json(request: Request) -> bool:
    """Whether the body says that it is JSON (RFC 6839 suffixes too)."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media == "application/json" or (media.startswith("application/") and media.endswith("+json"))


async def _database_away(request: Request, error: Exception) -> Response:
    log.warning("database_away", error=str(error))
    return of_domain(errors.Unavailable("The database does not answer."), request.url.path)


async def _refused_elsewhere(request: Request, error: Exception) -> Response:
    assert isinstance(error, CallRefused)
    log.error("internal_call_refused", status=error.status, code=error.code)
    return of_domain(errors.Unavailable("An inner call was refused."), request.url.path)


def install(app: FastAPI) -> None:
    """Register the handlers of every kind of error that a service may raise."""
    app.add_exception_handler(errors.DomainError, _domain)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ConnectionFailure, _database_away)
    app.add_exception_handler(ExecutionTimeout, _database_away)
    app.add_exception_handler(CallRefused, _refused_elsewhere)
