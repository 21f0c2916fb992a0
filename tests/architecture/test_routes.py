"""Every route of every service names its permission and its answer in its signature."""

import inspect
from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.responses import Response

from common.identity.permissions import PERMISSIONS
from common.identity.requires import ANYONE, SIGNED_IN, Requirement
from tests.architecture.conftest import application


def api_routes(name: str) -> list[APIRoute]:
    """The service's HTTP routes, those of included routers too."""
    return [route for route in walk(application(name).routes) if isinstance(route, APIRoute)]


def walk(routes: object) -> Iterator[object]:
    for route in routes:  # type: ignore[attr-defined]
        inner = getattr(route, "routes", None)
        original = getattr(route, "original_router", None)
        if original is not None:
            yield from walk(original.routes)
        elif inner is not None and not isinstance(route, APIRoute | APIWebSocketRoute):
            yield from walk(inner)
        else:
            yield route


def requirements(dependant: Dependant) -> Iterator[Requirement]:
    if isinstance(dependant.call, Requirement):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from requirements(inner)


class TestRoutes:
    def test_exist(self, service_name: str) -> None:
        assert [route.path for route in api_routes(service_name)] != []

    def test_name_a_known_permission(self, service_name: str) -> None:
        known = {ANYONE, SIGNED_IN, *PERMISSIONS}
        for route in api_routes(service_name):
            named = list(requirements(route.dependant))
            assert named, f"{route.methods} {route.path} names no permission"
            for requirement in named:
                unknown = {requirement.permission, *requirement.alternatives} - known
                assert not unknown, f"{route.path}: {unknown}"

    def test_have_a_return_type(self, service_name: str) -> None:
        for route in api_routes(service_name):
            answer = inspect.signature(route.endpoint).return_annotation
            assert answer is not inspect.Signature.empty, f"{route.methods} {route.path}"
            is_raw = inspect.isclass(answer) and issubclass(answer, Response)
            assert is_raw or answer is None or route.response_model is not None, f"{route.methods} {route.path}"

    def test_are_described(self, service_name: str) -> None:
        silent = [route.path for route in api_routes(service_name) if not route.endpoint.__doc__]
        assert silent == []

    def test_are_short(self, service_name: str) -> None:
        for route in api_routes(service_name):
            lines = len(inspect.getsource(route.endpoint).splitlines())
            assert lines <= 40, f"{route.path}: {lines} lines"

    def test_internal_ones_are_for_services(self, service_name: str) -> None:
        for route in api_routes(service_name):
            if route.path.startswith("/internal/"):
                named = {requirement.permission for requirement in requirements(route.dependant)}
                assert named == {"internal.call"}, route.path
