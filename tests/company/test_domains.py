"""Own domains: claimed, proved in the DNS, moved, lost and given up."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from common.clock import FixedClock, SystemClock
from common.ids import new_id
from common.testing import Harness
from services.company.clients import Proofs
from services.company.domain import LIMIT
from services.company.domain.ownership import CHECKED_EVERY, GRACE
from services.company.service import DomainService
from services.company.store import Domains
from tests.company.conftest import found
from tests.company.names import NameServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


def fresh() -> str:
    return f"{new_id('shop').replace('_', '-')}.example"


async def own(company: Harness) -> str:
    return str((await found(company)).json()["id"])


def domains(company_id: str) -> str:
    return f"/api/companies/{company_id}/domains"


async def claim(company: Harness, company_id: str, name: str) -> dict[str, Any]:
    async with company.user("company_admin", company_id) as admin:
        answer = await admin.post(domains(company_id), json={"name": name})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def verify(company: Harness, company_id: str, name: str) -> httpx2.Response:
    async with company.user("company_admin", company_id) as admin:
        return await admin.post(f"{domains(company_id)}/{name}/verify")


async def proved(company: Harness, names: NameServer, company_id: str, name: str) -> dict[str, Any]:
    made = await claim(company, company_id, name)
    names.texts.setdefault(made["record"]["name"], []).append(made["record"]["value"])
    answer = await verify(company, company_id, name)
    assert answer.status_code == 200, answer.text
    return made


async def holder(company: Harness, name: str) -> str | None:
    async with company.service_client("gateway") as gateway:
        answer = await gateway.get(f"/internal/companies/by-domain/{name}")
    return answer.json()["id"] if answer.status_code == 200 else None


async def sweep(company: Harness, names: NameServer, after: timedelta) -> None:
    """Look at the proofs again as if so much time had passed."""
    clock = FixedClock(SystemClock().now() + after + timedelta(minutes=1))
    await DomainService(Domains(company.runtime.ground), Proofs([names.address]), clock, ["localhost"]).sweep()


class TestClaim:
    async def test_says_which_record_proves_it(self, company: Harness) -> None:
        mine, name = await own(company), fresh()
        made = await claim(company, mine, name.upper() + ".")
        record = {"type": "TXT", "name": f"_markethall.{name}", "value": f"markethall-verification={made['token']}"}
        assert made == made | {"name": name, "status": "pending", "record": record, "verifiedAt": None}
        assert await holder(company, name) is None
        async with company.user("company_admin", mine) as admin:
            assert (await admin.get(domains(mine))).json()["items"] == [made]
        await company.events.wait_for("domain.claimed", lambda e: e.data.domain_id == made["id"])

    async def test_twice_is_answered_as_once(self, company: Harness) -> None:
        mine, name = await own(company), fresh()
        made = await asyncio.gather(*(claim(company, mine, name) for _ in range(5)))
        assert len({each["id"] for each in made}) == 1

    async def test_takes_names_in_any_script(self, company: Harness) -> None:
        made = await claim(company, await own(company), f"Bücher.{fresh()}")
        assert made["name"].startswith("xn--bcher-kva.")

    @pytest.mark.parametrize(
        "name",
        [
            "192.0.2.7",
            "[2001:db8::1]",
            "2130706433",
            "co.uk",
            "com",
            "github.io",
            "localhost",
            "acme.localhost",
            "printer.local",
            "acme.platform.example",
            "platform.example",
            "a b.example",
            "-a.example",
            "*.shop.example",
            "https://shop.example",
            "shop.example/path",
            "shop.example:80",
            "a..example",
            "x" * 64 + ".example",
            ".".join(["abcdefgh"] * 32) + ".example",
            "shop\u0000.example",
        ],
    )
    async def test_refuses_what_is_no_name_of_ones_own(self, company: Harness, name: str) -> None:
        mine = await own(company)
        async with company.user("company_admin", mine) as admin:
            refused = await admin.post(domains(mine), json={"name": name})
            assert (await admin.get(domains(mine))).json()["items"] == []
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "name")

    async def test_is_limited_even_at_once(self, company: Harness) -> None:
        mine = await own(company)
        async with company.user("company_admin", mine) as admin:
            sent = (admin.post(domains(mine), json={"name": fresh()}) for _ in range(LIMIT + 5))
            answers = await asyncio.gather(*sent)
            kept = (await admin.get(domains(mine), params={"limit": 100})).json()["items"]
        refused = [answer.json()["code"] for answer in answers if answer.status_code != 201]
        assert (len(kept), refused) == (LIMIT, ["domain_limit_reached"] * 5)


class TestVerify:
    async def test_needs_the_proof(self, company: Harness, names: NameServer) -> None:
        mine, name = await own(company), fresh()
        made = await claim(company, mine, name)
        missing = await verify(company, mine, name)
        names.texts[made["record"]["name"]] = ["markethall-verification=another", "v=spf1 -all"]
        wrong = await verify(company, mine, name)
        for each in (missing, wrong):
            assert (each.status_code, each.json()["code"]) == (409, "domain_proof_missing")
        assert wrong.json()["found"] == ["markethall-verification=another", "v=spf1 -all"]
        assert await holder(company, name) is None

    async def test_gives_the_domain_to_its_company(self, company: Harness, names: NameServer) -> None:
        mine, name = await own(company), fresh()
        await proved(company, names, mine, name)
        assert await holder(company, name) == mine
        async with company.service_client("gateway") as gateway:
            assert (await gateway.get(f"/internal/companies/{mine}")).json()["domains"] == [name]
            asked = await gateway.get("/internal/origins", params={"origin": f"https://{name}"})
        assert asked.json() == {"isAllowed": True}
        told = (await company.events.wait_for("domain.verified", lambda e: e.data.name == name))[0]
        assert told.company_id == mine

    async def test_is_told_when_nobody_answers(self, company: Harness, names: NameServer) -> None:
        mine, name = await own(company), fresh()
        await claim(company, mine, name)
        names.is_broken = True
        try:
            away = await verify(company, mine, name)
        finally:
            names.is_broken = False
        assert (away.status_code, away.json()["code"]) == (503, "dns_unavailable")

    async def test_is_not_blocked_by_somebody_elses_claim(self, company: Harness, names: NameServer) -> None:
        squatter, owner, name = await own(company), await own(company), fresh()
        await claim(company, squatter, name)
        await proved(company, names, owner, name)
        assert (await verify(company, squatter, name)).status_code == 409
        assert await holder(company, name) == owner

    async def test_moves_the_domain_to_who_proves_it_last(self, company: Harness, names: NameServer) -> None:
        seller, buyer, name = await own(company), await own(company), fresh()
        await proved(company, names, seller, name)
        await proved(company, names, buyer, name)
        assert await holder(company, name) == buyer
        async with company.user("company_admin", seller) as admin:
            assert [each["status"] for each in (await admin.get(domains(seller))).json()["items"]] == ["pending"]
        lost = (await company.events.wait_for("domain.removed", lambda e: e.data.name == name))[0]
        assert (lost.company_id, lost.data.reason, lost.actor) == (seller, "moved", "system")

    async def test_at_once_leaves_one_holder(self, company: Harness, names: NameServer) -> None:
        name = fresh()
        rivals = [await own(company) for _ in range(4)]
        for rival in rivals:
            made = await claim(company, rival, name)
            names.texts.setdefault(made["record"]["name"], []).append(made["record"]["value"])
        await asyncio.gather(*(verify(company, rival, name) for rival in rivals))
        statuses = []
        for rival in rivals:
            async with company.user("company_admin", rival) as admin:
                statuses += [each["status"] for each in (await admin.get(domains(rival))).json()["items"]]
        assert sorted(statuses) == ["pending"] * 3 + ["verified"]


class TestLookAgain:
    async def test_ends_a_domain_whose_proof_is_gone(self, company: Harness, names: NameServer) -> None:
        mine, name = await own(company), fresh()
        made = await proved(company, names, mine, name)
        del names.texts[made["record"]["name"]]
        await sweep(company, names, CHECKED_EVERY)
        assert await holder(company, name) == mine  # there is time to mend it
        await sweep(company, names, CHECKED_EVERY + GRACE)
        assert await holder(company, name) is None
        lost = (await company.events.wait_for("domain.removed", lambda e: e.data.name == name))[0]
        assert (lost.company_id, lost.data.reason) == (mine, "proof_lost")

    async def test_forgives_a_proof_that_came_back(self, company: Harness, names: NameServer) -> None:
        mine, name = await own(company), fresh()
        made = await proved(company, names, mine, name)
        kept = names.texts.pop(made["record"]["name"])
        await sweep(company, names, CHECKED_EVERY)
        names.texts[made["record"]["name"]] = kept
        await sweep(company, names, CHECKED_EVERY * 2)
        del names.texts[made["record"]["name"]]
        await sweep(company, names, CHECKED_EVERY * 2 + GRACE)
        assert await holder(company, name) == mine

    async def test_proves_nothing_while_nobody_answers(self, company: Harness, names: NameServer) -> None:
        mine, name = await own(company), fresh()
        await proved(company, names, mine, name)
        names.is_broken = True
        try:
            for days in (1, 2, 5, 9):
                await sweep(company, names, timedelta(days=days))
        finally:
            names.is_broken = False
        assert await holder(company, name) == mine


class TestRemove:
    async def test_gives_the_domain_up(self, company: Harness, names: NameServer) -> None:
        mine, name = await own(company), fresh()
        made = await proved(company, names, mine, name)
        async with company.user("company_admin", mine) as admin:
            assert (await admin.delete(f"{domains(mine)}/{name}")).status_code == 204
            assert (await admin.delete(f"{domains(mine)}/{name}")).status_code == 404
            assert (await admin.get(domains(mine))).json()["items"] == []
        assert await holder(company, name) is None
        gone = (await company.events.wait_for("domain.removed", lambda e: e.data.name == name))[0]
        assert gone.data.reason == "deleted"
        again = await claim(company, mine, name)
        assert again["token"] != made["token"]
        assert (await verify(company, mine, name)).status_code == 409  # the old proof is none for the new claim


class TestIsolation:
    async def test_hides_other_companies(self, company: Harness) -> None:
        mine, other, name = await own(company), await own(company), fresh()
        await claim(company, other, name)
        async with company.user("company_admin", mine) as admin:
            refused = [
                await admin.get(domains(other)),
                await admin.post(domains(other), json={"name": fresh()}),
                await admin.post(f"{domains(other)}/{name}/verify"),
                await admin.delete(f"{domains(other)}/{name}"),
                await admin.delete(f"{domains(mine)}/{name}"),
                await admin.post(f"{domains(mine)}/{name}/verify"),
            ]
        assert [each.status_code for each in refused] == [404] * 6

    @pytest.mark.parametrize("role", ["shop_manager", "shop_staff", "customer"])
    async def test_needs_the_permission(self, company: Harness, role: str) -> None:
        mine = await own(company)
        async with company.user(role, mine) as person:
            assert (await person.post(domains(mine), json={"name": fresh()})).status_code == 403
