"""`routes`: what it lists, for people and for programs."""

import io
import json

import pytest
from rich.console import Console

from common.suite import SERVICES
from dev.routes import show


class TestRoutes:
    def test_lists_every_service_with_its_permissions(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert show(Console(file=io.StringIO()), as_json=True) == 0
        told = json.loads(capsys.readouterr().out)
        assert {route["service"] for route in told["routes"]} == set(SERVICES)
        assert all(route["permissions"] for route in told["routes"])
        by_name = {(route["method"], route["path"]): route for route in told["routes"]}
        assert by_name["POST", "/api/shops"]["permissions"] == ["shops.write"]
        assert not by_name["GET", "/internal/companies/{name}"]["public"]

    def test_prints_routes_other_names_and_what_is_to_come(self) -> None:
        page = io.StringIO()
        show(Console(file=page, width=20), as_json=False)
        lines = page.getvalue().splitlines()
        assert any(line.split() == ["POST", "/api/shops", "shop", "shops.write"] for line in lines)
        assert any(line.split()[:2] == ["PUT", "/api/orders/{id}/status"] for line in lines)
        assert any(line.split() == ["GET", "/api/stores"] for line in lines)
        assert not any("/internal/" in line for line in lines)
