"""Other names for addresses, and that everything the five source systems document leads somewhere."""

import re
from functools import cache
from pathlib import Path

import pytest

from dev.routes import listing
from services.gateway.domain import aliases
from services.gateway.domain.aliases import ALIASES, NOT_BUILT_YET, Resolved, resolve
from services.gateway.domain.destinations import OWN, service_for
from services.gateway.domain.refusals import MethodNotAllowed, NotBuiltYet

CONTRACT = Path(__file__).resolve().parents[3] / "shared/API.md"
TITLE = "## The addresses that the five source systems document"
ADDRESS = re.compile(r"((?:GET|POST|PUT|PATCH|DELETE)(?:, (?:GET|POST|PUT|PATCH|DELETE))*) (/[\w/{}.-]+)")


@cache
def told() -> dict[str, list[dict[str, str]]]:
    return listing()


@cache
def routes() -> frozenset[str]:
    """Every public ``METHOD /path`` with its parameters unnamed."""
    return frozenset(plain(f"{route['method']} {route['path']}") for route in told()["routes"] if route["public"])


def plain(address: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", address)


def documented() -> list[str]:
    """``METHOD /path`` of each address in the contract's last table."""
    table = CONTRACT.read_text().partition(TITLE)[2]
    return [f"{method} {path}" for methods, path in ADDRESS.findall(table) for method in methods.split(", ")]


def known(method: str, path: str) -> Resolved | None:
    return resolve(method, path, is_known=service_for(path) is not None)


class TestRoutes:
    def test_are_all_reached_but_the_inner_ones(self) -> None:
        hidden = [each["path"] for each in told()["routes"] if not each["public"]]
        assert [path for path in hidden if not path.startswith("/internal/")] == []


class TestTable:
    @pytest.mark.parametrize("alias", ALIASES, ids=lambda alias: alias.known)
    def test_leads_to_a_route(self, alias: aliases.Alias) -> None:
        address = plain(alias.canonical.partition("?")[0])
        assert address in routes() or address.partition(" ")[2] in OWN

    @pytest.mark.parametrize("alias", ALIASES, ids=lambda alias: alias.known)
    def test_hides_no_route(self, alias: aliases.Alias) -> None:
        assert plain(alias.known) not in routes()

    @pytest.mark.parametrize("address", NOT_BUILT_YET)
    def test_lists_only_what_is_missing(self, address: str) -> None:
        assert plain(address) not in routes()

    @pytest.mark.real_data
    def test_covers_what_the_source_systems_document(self) -> None:
        found = documented()
        assert len(found) > 90
        listed = {plain(address) for address in NOT_BUILT_YET}
        named = {plain(alias.known) for alias in ALIASES}
        own = {f"GET {path}" for path in OWN}
        assert [each for each in found if plain(each) not in routes() | listed | named | own] == []


class TestResolve:
    @pytest.mark.parametrize(
        ("method", "path", "resolved"),
        [
            ("DELETE", "/api/products/prd_1/delete", Resolved("DELETE", "/api/products/prd_1", b"")),
            ("PUT", "/api/products/A%20B", Resolved("PATCH", "/api/products/A%20B", b"")),
            ("GET", "/api/products/low_stock", Resolved("GET", "/api/products", b"stockStatus=low_stock")),
            ("HEAD", "/api/statistics", Resolved("HEAD", "/api/analytics/summary/overview", b"")),
            ("DELETE", "/api/orders/ord_1", Resolved("POST", "/api/orders/ord_1/cancel", b"")),
            ("GET", "/api/management/tenants/acme/keys", Resolved("GET", "/api/keys", b"", "acme")),
            ("GET", "/api/products", None),
            ("GET", "/api/products/prd_1", None),
            ("GET", "/api/management", None),
            ("GET", "/", None),
        ],
    )
    def test_finds_the_canonical_call(self, method: str, path: str, resolved: Resolved | None) -> None:
        assert known(method, path) == resolved

    @pytest.mark.parametrize("address", NOT_BUILT_YET)
    def test_says_what_is_not_built_yet(self, address: str) -> None:
        method, _, path = address.partition(" ")
        with pytest.raises(NotBuiltYet):
            known(method, path.replace("{id}", "x_1"))

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("DELETE", "/api/stores", ("GET", "POST")),
            ("PUT", "/api/management/tenants/create", ("POST",)),
            ("POST", "/api/customers/vip_customers", ("GET",)),
        ],
    )
    def test_names_the_methods_that_have_a_meaning(self, method: str, path: str, allowed: tuple[str, ...]) -> None:
        with pytest.raises(MethodNotAllowed) as refused:
            known(method, path)
        assert refused.value.allowed == allowed

    def test_leaves_other_methods_to_the_service(self) -> None:
        assert known("GET", "/api/products/create") is None
        assert known("PUT", "/api/products/create") is None
        assert known("PATCH", "/api/orders/ord_1") is None
