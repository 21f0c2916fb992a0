"""Rules of the door, without any I/O."""

import pytest

from common.errors import BadRequest, Forbidden
from services.gateway.domain import destinations, tenancy
from services.gateway.domain.documents import merge
from services.gateway.domain.head import accepts_gzip, answer_headers, read_head
from services.gateway.domain.origins import is_own
from services.gateway.domain.tenancy import Company, Tenant
from services.gateway.settings import Settings, parse_limit

ACME = Company("cmp_a", "acme", "active")
STOPPED = Company("cmp_s", "stopped", "suspended")


class TestServiceFor:
    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/internal/orders/1",
            "/api",
            "/api/",
            "/api/ordersx",
            "/api/internal/x",
            "/metrics",
            "/wsx",
            "/API/orders",
        ],
    )
    def test_knows_nothing_else(self, path: str) -> None:
        assert destinations.service_for(path) is None

    def test_takes_the_whole_segment(self) -> None:
        assert destinations.service_for("/api/orders/ord_1/cancel") == "sales"
        assert destinations.service_for("/ws") == "realtime"


class TestIsSafe:
    @pytest.mark.parametrize(
        ("path", "raw"),
        [
            ("/api/orders/../internal", b"/api/orders/../internal"),
            ("/api/orders/../internal", b"/api/orders/%2e%2e/internal"),
            ("/api/orders/./x", b"/api/orders/./x"),
            ("/api/orders/a/b", b"/api/orders/a%2Fb"),
            ("/api/orders/..\\internal", b"/api/orders/..%5cinternal"),
            ("/api/orders/%2e%2e/internal", b"/api/orders/%252e%252e/internal"),
            ("/api/orders//internal", b"/api/orders//internal"),
            ("/api/orders/\x00", b"/api/orders/%00"),
        ],
    )
    def test_refuses_what_climbs_or_hides(self, path: str, raw: bytes) -> None:
        assert not destinations.is_safe(path, raw)

    @pytest.mark.parametrize("raw", [b"/.well-known/jwks.json", b"/api/products/A%20B", b"/api/products/1.5.2"])
    def test_lets_ordinary_names_pass(self, raw: bytes) -> None:
        assert destinations.is_safe(raw.decode().replace("%20", " "), raw)


class TestReadHead:
    def test_stops_forged_and_hop_by_hop_headers(self) -> None:
        head = read_head(
            "POST",
            [
                (b"x-markethall-context", b"forged"),
                (b"x-markethall-actor", b"user:usr_1"),
                (b"x-forwarded-for", b"1.2.3.4"),
                (b"x-forwarded-host", b"evil"),
                (b"forwarded", b"for=1.2.3.4"),
                (b"x-real-ip", b"1.2.3.4"),
                (b"connection", b"keep-alive"),
                (b"te", b"trailers"),
                (b"upgrade", b"h2c"),
                (b"transfer-encoding", b"chunked"),
                (b"x-cart-token", b"c"),
            ],
        )
        assert head.passed == [("x-cart-token", "c")]
        assert head.has_chunks

    def test_reads_the_first_of_two_credentials_and_passes_only_that(self) -> None:
        head = read_head("GET", [(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")])
        assert head.first(b"authorization") == "Bearer a"
        assert head.passed == [("authorization", "Bearer a")]

    @pytest.mark.parametrize(
        ("method", "keyed", "safely"), [("GET", False, True), ("POST", False, False), ("POST", True, True)]
    )
    def test_tells_what_may_be_repeated(self, method: str, keyed: bool, safely: bool) -> None:
        headers = [(b"idempotency-key", b"k")] if keyed else []
        assert read_head(method, headers).repeats_safely is safely


class TestAnswerHeaders:
    def test_adds_safe_defaults_only_where_nothing_is_said(self) -> None:
        headers = answer_headers([(b"Cache-Control", b"max-age=60"), (b"Connection", b"close"), (b"Server", b"x")])
        assert (b"cache-control", b"max-age=60") in headers
        assert [name for name, _ in headers].count(b"cache-control") == 1
        assert not {b"connection", b"server"} & {name for name, _ in headers}
        assert (b"x-content-type-options", b"nosniff") in headers


class TestAcceptsGzip:
    @pytest.mark.parametrize(
        ("header", "accepted"),
        [
            (b"gzip", True),
            (b"br, gzip;q=0.5", True),
            (b"*", True),
            (b"gzip;q=0", False),
            (b"gzip;q=0.0, *", False),
            (b"br", False),
            (b"identity", False),
            (b"*;q=0", False),
        ],
    )
    def test_asks_what_the_client_takes(self, header: bytes, accepted: bool) -> None:
        assert accepts_gzip(header) is accepted


class TestIsOwn:
    @pytest.mark.parametrize(
        ("origin", "any_port", "own"),
        [
            ("https://markethall.example", False, True),
            ("https://acme.markethall.example", False, True),
            ("https://acme.markethall.example:8443", False, False),
            ("http://acme.markethall.example:5173", True, True),
            ("https://evilmarkethall.example", True, False),
            ("ftp://markethall.example", True, False),
            ("markethall.example", True, False),
        ],
    )
    def test_takes_the_platforms_domains(self, origin: str, any_port: bool, own: bool) -> None:
        assert is_own(origin, "api.markethall.example", ["markethall.example"], any_port=any_port) is own


class TestTenancy:
    @pytest.mark.parametrize(
        ("host", "name"),
        [("acme.localhost:8000", "acme"), ("localhost:8000", None), ("127.0.0.1", None), ("www.localhost", None)],
    )
    def test_finds_the_subdomain(self, host: str, name: str | None) -> None:
        assert tenancy.subdomain_of(host, ["localhost"]) == name

    def test_refuses_two_parameters_that_differ(self) -> None:
        assert tenancy.parameter_of(b"a=1&tenant_id=acme&tenant_id=acme") == "acme"
        with pytest.raises(BadRequest):
            tenancy.parameter_of(b"tenant_id=acme&tenant_id=brot")

    def test_reads_a_parameter_whose_name_is_encoded(self) -> None:
        assert tenancy.parameter_of(b"%74enant_id=acme") == "acme"
        with pytest.raises(BadRequest):
            tenancy.parameter_of(b"tenant_id=acme&%74enant%5fid=brot")

    def test_agrees_on_one_company(self) -> None:
        assert tenancy.agree([ACME, ACME], "cmp_a", is_platform=False) == Tenant("cmp_a")
        with pytest.raises(BadRequest, match="two companies"):
            tenancy.agree([ACME], "cmp_b", is_platform=False)

    def test_refuses_a_suspended_company_to_all_but_the_platform(self) -> None:
        with pytest.raises(Forbidden):
            tenancy.agree([STOPPED], None, is_platform=False)
        assert tenancy.agree([STOPPED], None, is_platform=True) == Tenant("cmp_s")

    @pytest.mark.parametrize("name", ["../auth", "a/b", "", "a b", "x" * 81, "%2e"])
    def test_never_asks_for_what_cannot_be_a_name(self, name: str) -> None:
        assert not tenancy.is_name(name)


class TestMerge:
    def test_keeps_equal_schemas_and_renames_those_that_differ(self) -> None:
        def document(path: str, field: str) -> dict[str, object]:
            answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
            return {
                "paths": {path: {"get": {"operationId": "read", "responses": {"200": answer}}}, "/internal/x": {}},
                "components": {"schemas": {"Same": {"type": "string"}, "Thing": {"title": field}}},
            }

        merged = merge({"sales": document("/api/orders", "a"), "catalog": document("/api/products", "b")})
        assert set(merged["paths"]) == {"/api/orders", "/api/products"}
        assert set(merged["components"]["schemas"]) == {"Same", "Thing", "CatalogThing"}
        operation = merged["paths"]["/api/products"]["get"]
        assert operation["operationId"] == "catalog_read"
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/CatalogThing"}


class TestSettings:
    def test_reads_limits(self) -> None:
        assert parse_limit("500/s") == (500, 1, 500)
        assert parse_limit("120/m;burst=300") == (120, 60, 300)

    def test_refuses_a_limit_that_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AMQP_URL", "amqp://localhost/")
        with pytest.raises(ValueError, match="write it like"):
            Settings(write_limit="many")
