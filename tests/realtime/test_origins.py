"""From which pages a socket may be opened."""

import pytest
from websockets.exceptions import InvalidStatus

from common.events.parts import CompanySettings
from common.events.tenancy import CompanyUpdated
from common.ids import new_id
from common.testing import Infrastructure
from services.realtime.domain.origins import is_own
from tests.audit.conftest import until
from tests.realtime.conftest import Live, serve

pytestmark = pytest.mark.asyncio(loop_scope="module")

THEIRS = "http://theirs.example"


async def is_admitted(live: Live, ticket: str, origin: str | None) -> bool:
    """Whether a page of this origin gets a socket; refused before the upgrade with 403 otherwise."""
    try:
        async with live.redeem(ticket, origin=origin) as socket:
            return bool((await socket.subscribe("orders"))["type"] == "subscribed")
    except InvalidStatus as refused:
        assert refused.response.status_code == 403
        return False


class TestOrigin:
    async def test_is_our_own_or_none(self, live: Live) -> None:
        for origin in (None, "http://localhost:3000", "https://acme.localhost", f"http://127.0.0.1:{live.port}"):
            ticket = await live.ticket("company_admin", new_id("cmp"))
            assert await is_admitted(live, ticket, origin), origin

    async def test_of_others_is_refused_before_the_upgrade(self, live: Live) -> None:
        for origin in (THEIRS, "null", "http://localhost.theirs.example", "http://evil-localhost"):
            company = new_id("cmp")
            live.sales.origins[company] = ["http://ours.example"]
            assert not await is_admitted(live, await live.ticket("company_admin", company), origin), origin
        assert not await is_admitted(live, "unknown", THEIRS)

    async def test_is_what_the_company_allows(self, live: Live) -> None:
        company, other = new_id("cmp"), new_id("cmp")
        live.sales.origins |= {company: ["http://ours.example"], other: []}
        assert await is_admitted(live, await live.ticket("company_admin", company), "http://ours.example")
        assert not await is_admitted(live, await live.ticket("company_admin", other), "http://ours.example")

    async def test_follows_the_companys_events(self, live: Live) -> None:
        company = new_id("cmp")
        live.sales.origins[company] = []
        assert not await is_admitted(live, await live.ticket("company_admin", company), "http://new.example")
        allowed = CompanySettings(allowed_origins=["http://new.example"])
        await live.harness.publish(CompanyUpdated(company_id=company, settings=allowed), company, sequence=2)

        async def is_heard() -> bool | None:
            return await is_admitted(live, await live.ticket("company_admin", company), "http://new.example") or None

        await until(is_heard)

    async def test_is_refused_while_nobody_can_be_asked(self, live: Live) -> None:
        live.sales.is_down = True
        ticket = await live.ticket("company_admin", new_id("cmp"))
        assert not await is_admitted(live, ticket, THEIRS)
        live.sales.is_down = False

    async def test_may_be_allowed_to_all_by_the_operator(self, infrastructure: Infrastructure) -> None:
        async with serve(infrastructure, MARKETHALL_ALLOWED_ORIGINS='["http://theirs.example"]') as live:
            assert await is_admitted(live, await live.ticket("company_admin", new_id("cmp")), THEIRS)


class TestOwn:
    @pytest.mark.parametrize(
        ("origin", "is_ours"),
        [
            ("https://shop.example", True),
            ("https://acme.shop.example", True),
            ("https://SHOP.example", True),
            ("https://notshop.example", False),
            ("https://shop.example.evil.example", False),
            ("https://shop.example@evil.example", False),
            ("https://evil.example/shop.example", False),
            ("file://shop.example", False),
            ("http://[", False),
            ("", False),
            ("https://" + "a" * 300 + ".shop.example", False),
        ],
    )
    async def test_knows_our_domains_from_what_looks_alike(self, origin: str, is_ours: bool) -> None:
        assert is_own(origin, "api.other.example", ["shop.example"]) is is_ours

    async def test_knows_the_host_that_was_called(self) -> None:
        assert is_own("https://store.example:8443", "store.example:8443", [])
        assert not is_own("https://store.example:1", "store.example:8443", [])
