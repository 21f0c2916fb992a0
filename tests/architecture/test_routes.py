"""Every route of every service names its permission and its answer in its signature."""

import inspect

from fastapi.routing import APIRoute
from starlette.responses import Response

from common.identity.permissions import PERMISSIONS
from common.identity.requires import ANYONE, SIGNED_IN
from common.web import route_table
from common.web.route_table import requirements
from tests.architecture.conftest import application


def api_routes(name: str) -> list[APIRoute]:
    """The service's HTTP routes, those of included routers too."""
    return route_table.api_routes(application(name))


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
