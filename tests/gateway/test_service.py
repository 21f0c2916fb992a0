"""Use cases of the gateway that need no broker: companies remembered, addresses believed, calls counted."""

from typing import Any

import pytest

from common.clients import ServiceClients
from common.errors import NotFound, Unavailable
from common.identity.tokens import AccessClaims
from services.gateway.domain.rates import kind_of
from services.gateway.domain.tenancy import NO_TENANT, Tenant
from services.gateway.service import tenants as tenants_module
from services.gateway.service.call import begin
from services.gateway.service.tenants import Tenants
from services.gateway.settings import Settings
from tests.gateway.backend import company


class Companies(ServiceClients):
    """The port to other services, answering for the company service alone."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {"acme": "active", "stop": "suspended"}
        self.is_away = False
        self.asked = 0

    async def get(self, service: str, path: str, *, tenant: str | None = None, **params: Any) -> Any:
        self.asked += 1
        name = path.rpartition("/")[2]
        if self.is_away:
            raise Unavailable("away")
        if name not in self.known:
            raise NotFound("company")
        return company(name, self.known[name])


def claims(role: str, company_id: str | None = None) -> AccessClaims:
    return AccessClaims("usr_1", "ses_1", role, company_id, (), None, None, None, 0, 1)


class TestTenants:
    async def test_browsing_goes_on_while_the_company_service_is_away(self) -> None:
        companies = Companies()
        tenants = Tenants(companies, fresh_seconds=0.0, default=None)
        assert await tenants.resolve(None, ["acme"]) == Tenant("cmp_acme")
        companies.is_away = True
        assert await tenants.resolve(None, ["acme"]) == Tenant("cmp_acme")
        with pytest.raises(Unavailable):
            await tenants.resolve(None, ["never-seen"])

    async def test_remembers_absence(self) -> None:
        companies = Companies()
        tenants = Tenants(companies, fresh_seconds=60.0, default=None)
        for _ in range(5):
            with pytest.raises(NotFound):
                await tenants.resolve(None, ["nobody"])
        assert companies.asked == 1

    async def test_remembers_a_bounded_number(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tenants_module, "REMEMBERED", 3)
        tenants = Tenants(Companies(), fresh_seconds=60.0, default=None)
        for number in range(10):
            with pytest.raises(NotFound):
                await tenants.resolve(None, [f"nobody{number}"])
        assert len(tenants._known) == 3

    async def test_asks_nothing_for_a_token_that_names_its_company(self) -> None:
        companies = Companies()
        tenants = Tenants(companies, fresh_seconds=60.0, default="acme")
        assert await tenants.resolve(claims("company_admin", "cmp_x"), ["cmp_x"]) == Tenant("cmp_x")
        assert companies.asked == 0

    @pytest.mark.parametrize(
        ("default", "who", "tenant"),
        [
            ("acme", None, Tenant("cmp_acme", is_default=True)),
            ("acme", claims("customer"), Tenant("cmp_acme", is_default=True)),
            ("acme", claims("super_admin"), NO_TENANT),
            ("stop", None, NO_TENANT),
            ("not-made-yet", None, NO_TENANT),
            (None, None, NO_TENANT),
        ],
    )
    async def test_falls_back_to_the_default(
        self, default: str | None, who: AccessClaims | None, tenant: Tenant
    ) -> None:
        assert await Tenants(Companies(), fresh_seconds=60.0, default=default).resolve(who, []) == tenant


class TestAddress:
    @pytest.mark.parametrize(
        ("trusted", "forwarded", "address"),
        [
            ([], "9.9.9.9", "10.0.0.1"),
            (["10.0.0.0/8"], "9.9.9.9", "9.9.9.9"),
            (["10.0.0.0/8"], "1.1.1.1, 9.9.9.9", "9.9.9.9"),
            (["10.0.0.0/8"], "9.9.9.9, 10.0.0.7", "9.9.9.9"),
            (["10.0.0.0/8"], "", "10.0.0.1"),
            (["192.168.0.0/16"], "9.9.9.9", "10.0.0.1"),
        ],
    )
    def test_believes_trusted_proxies_alone(
        self, monkeypatch: pytest.MonkeyPatch, trusted: list[str], forwarded: str, address: str
    ) -> None:
        monkeypatch.setenv("AMQP_URL", "amqp://localhost/")
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "headers": [(b"x-forwarded-for", forwarded.encode())],
            "client": ("10.0.0.1", 1234),
        }
        assert begin(scope, Settings(trusted_proxies=trusted).networks).address == address

    @pytest.mark.parametrize("sent", ["", "a b", "x" * 129, "<script>"])
    def test_makes_a_request_id_in_place_of_a_bad_one(self, sent: str) -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"x-request-id", sent.encode())]}
        assert begin(scope, []).request_id.startswith("req_")


class TestPath:
    @pytest.mark.parametrize(
        ("method", "path", "headers", "safely"),
        [
            ("PUT", "/api/shops/shp_1", [], True),
            ("PUT", "/api/orders/ord_1/status", [], False),
            ("DELETE", "/api/orders/ord_1", [], False),
            ("DELETE", "/api/orders/ord_1", [(b"idempotency-key", b"k")], True),
        ],
    )
    def test_repeats_what_is_called_in_the_end(
        self, method: str, path: str, headers: list[tuple[bytes, bytes]], safely: bool
    ) -> None:
        scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""}
        call = begin(scope, [])
        call.path()
        assert call.head.repeats_safely is safely


class TestKindOf:
    @pytest.mark.parametrize(
        ("method", "path", "kind"),
        [
            ("POST", "/api/auth/login", "sign_in"),
            ("POST", "/api/auth/register", "sign_in"),
            ("POST", "/api/auth/refresh", "sign_in"),
            ("POST", "/api/auth/password/forgot", "sign_in"),
            ("POST", "/api/auth/invitations/cmp_1/accept", "sign_in"),
            ("POST", "/api/auth/logout", "write"),
            ("GET", "/api/auth/me", "read"),
            ("DELETE", "/api/cart/items", "write"),
        ],
    )
    def test_counts_signing_in_apart(self, method: str, path: str, kind: str) -> None:
        assert kind_of(method, path) == kind
