"""What an application answers, read from its routes: nothing is started for it."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute

from common.identity.requires import Requirement


@dataclass(frozen=True, slots=True)
class RouteLine:
    """One method of one address. ``permissions``: any of them is enough."""

    method: str
    path: str
    permissions: tuple[str, ...]


def api_routes(app: FastAPI) -> list[APIRoute]:
    """The HTTP routes of an application, those of included routers too."""
    return [route for route in _walk(app.routes) if isinstance(route, APIRoute)]


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """Every method that this path answers: all routes of one address together (RFC 9110, 15.5.6)."""
    found = {method for route in api_routes(app) if route.path_regex.match(path) for method in route.methods or ()}
    return sorted(found | {"HEAD"} if "GET" in found else found)


def requirements(dependant: Dependant) -> Iterator[Requirement]:
    """The permissions that a route names in its signature."""
    if isinstance(dependant.call, Requirement):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from requirements(inner)


def route_lines(app: FastAPI) -> list[RouteLine]:
    """Every method of every address; WebSockets as ``WS``, which a ticket opens."""
    lines = []
    for route in _walk(app.routes):
        if isinstance(route, APIRoute):
            asked = requirements(route.dependant)
            named = tuple(name for each in asked for name in (each.permission, *each.alternatives))
            lines += [RouteLine(method, route.path, named) for method in sorted(route.methods or ())]
        elif isinstance(route, APIWebSocketRoute):
            lines.append(RouteLine("WS", route.path, ("ticket",)))
    return lines


def _walk(routes: object) -> Iterator[object]:
    for route in routes:  # type: ignore[attr-defined]
        inner = getattr(route, "routes", None)
        original = getattr(route, "original_router", None)
        if original is not None:
            yield from _walk(original.routes)
        elif inner is not None and not isinstance(route, APIRoute | APIWebSocketRoute):
            yield from _walk(inner)
        else:
            yield route
