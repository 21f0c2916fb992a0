"""Categories on the real servers."""

import asyncio
from typing import Any

import httpx2
import pytest

from common.testing import Harness
from tests.catalog.conftest import NewCompany, made

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def category(client: httpx2.AsyncClient, name: str, parent: str | None = None) -> str:
    answer = await client.post("/api/categories", json={"name": name, "parentId": parent})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


class TestTree:
    async def test_lists_products_of_everything_below(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            home = await category(admin, "Home")
            kitchen = await category(admin, "Kitchen", home)
            garden = await category(admin, "Garden")
            await made(admin, "MUG", categoryId=kitchen)
            await made(admin, "RAKE", categoryId=garden)
            listed = (await admin.get("/api/products", params={"categoryId": home})).json()["items"]
            below = (await admin.get("/api/categories", params={"parentId": home})).json()["items"]
            names = (await admin.get("/api/categories", params={"sort": "name"})).json()["items"]
        assert [item["sku"] for item in listed] == ["MUG"]
        assert [item["name"] for item in below] == ["Kitchen"]
        assert [item["name"] for item in names] == ["Garden", "Home", "Kitchen"]
        event = (await catalog.events.wait_for("category.created", lambda e: e.subject == kitchen))[0]
        assert (event.data.parent_id, event.company_id) == (home, company)

    async def test_refuses_cycles_also_when_asked_at_once(self, catalog: Harness, new_company: NewCompany) -> None:
        async with catalog.user("company_admin", await new_company()) as admin:
            first = await category(admin, "First")
            below = await category(admin, "Below", first)
            itself = await admin.patch(f"/api/categories/{first}", json={"parentId": first})
            cycle = await admin.patch(f"/api/categories/{first}", json={"parentId": below})
            unknown = await admin.patch(f"/api/categories/{first}", json={"parentId": "cat_none"})
            for round_ in range(3):
                left, right = await category(admin, f"L{round_}"), await category(admin, f"R{round_}")
                answers = await asyncio.gather(
                    admin.patch(f"/api/categories/{left}", json={"parentId": right}),
                    admin.patch(f"/api/categories/{right}", json={"parentId": left}),
                )
                assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert (itself.json()["code"], cycle.json()["code"]) == ("category_cycle", "category_cycle")
        assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_parent")

    async def test_deleting_keeps_products_and_lifts_children(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            home = await category(admin, "Home")
            kitchen = await category(admin, "Kitchen", home)
            cups = await category(admin, "Cups", kitchen)
            mug = await made(admin, "MUG", categoryId=kitchen)
            assert (await admin.delete(f"/api/categories/{kitchen}")).status_code == 204
            assert (await admin.delete(f"/api/categories/{kitchen}")).status_code == 404
            assert (await admin.get(f"/api/categories/{cups}")).json()["parentId"] == home
            assert (await admin.get(f"/api/products/{mug['id']}")).json()["categoryId"] is None
            refused = await admin.patch(f"/api/products/{mug['id']}", json={"categoryId": kitchen})
        assert refused.json()["code"] == "unknown_category"
        await catalog.events.wait_for("category.deleted", lambda e: e.subject == kitchen)

    async def test_hides_another_companys(self, catalog: Harness, new_company: NewCompany) -> None:
        async with catalog.user("company_admin", await new_company()) as admin:
            path = f"/api/categories/{await category(admin, 'Home')}"
            stale = await admin.patch(path, json={"name": "H"}, headers={"If-Match": '"9"'})
        async with catalog.user("company_admin", await new_company()) as stranger:
            assert (await stranger.get(path)).status_code == 404
            assert (await stranger.delete(path)).status_code == 404
        async with catalog.user("shop_staff", await new_company()) as staff:
            assert (await staff.post("/api/categories", json={"name": "X"})).status_code == 403
        assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")


class TestSummary:
    async def test_counts_what_is_below_as_well(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            home = await category(admin, "Home")
            kitchen = await category(admin, "Kitchen", home)
            cups = await category(admin, "Cups", kitchen)
            garden = await category(admin, "Garden")
            for sku, amount, place in (("A", 300, home), ("B", 100, cups), ("C", 900, cups)):
                await made(admin, sku, amount, categoryId=place)
            await made(admin, "DRAFT", 1, categoryId=cups, status="draft")
            await made(admin, "NOWHERE", 1)
        async with catalog.client(tenant=company) as shopper:
            summary = (await shopper.get("/api/categories/summary")).json()["items"]
            tree = (await shopper.get("/api/categories/tree")).json()["items"]
            unknown = await shopper.get("/api/categories/tree", params={"depth": 1})
        told = [(row["id"], row["products"], row["totalProducts"], _prices(row)) for row in summary]
        assert told == [
            (garden, 0, 0, None),
            (home, 1, 3, (100, 900)),
            (kitchen, 0, 2, (100, 900)),
            (cups, 2, 2, (100, 900)),
        ]
        assert [node["name"] for node in tree] == ["Garden", "Home"]
        assert tree[1]["children"][0]["children"][0] == {
            "id": cups,
            "name": "Cups",
            "products": 2,
            "totalProducts": 2,
            "children": [],
        }
        assert unknown.status_code == 422

    async def test_a_branch_is_not_moved_below_the_deepest_level(
        self, catalog: Harness, new_company: NewCompany
    ) -> None:
        async with catalog.user("company_admin", await new_company()) as admin:
            chain: list[str] = []
            for level in range(19):
                chain.append(await category(admin, f"Level {level}", chain[-1] if chain else None))
            branch = await category(admin, "Branch")
            await category(admin, "Twig", branch)
            refused = await admin.patch(f"/api/categories/{branch}", json={"parentId": chain[-1]})
            moved = await admin.patch(f"/api/categories/{branch}", json={"parentId": chain[-2]})
        assert (refused.status_code, refused.json()["code"]) == (409, "category_depth")
        assert moved.status_code == 200


def _prices(row: dict[str, Any]) -> tuple[int, int] | None:
    return (row["lowestPrice"]["amount"], row["highestPrice"]["amount"]) if row["lowestPrice"] else None
