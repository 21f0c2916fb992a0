"""Routes of the debt service on the real servers."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from common.clock import SystemClock
from common.ids import new_id
from common.money import Money

from .conftest import Lender

pytestmark = pytest.mark.asyncio(loop_scope="module")


def gbp(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "GBP"}


def owing(lender: Lender, amount: int = 1000, **more: Any) -> dict[str, Any]:
    return {"debtorType": "customer", "debtorId": lender.customer, "principal": gbp(amount), **more}


class TestEnter:
    async def test_answers_the_debt(self, lender: Lender) -> None:
        async with lender.admin() as admin:
            answer = await admin.post("/api/debts", json=owing(lender))
            read = await admin.get(f"/api/debts/{answer.json()['id']}")
        assert answer.status_code == 201, answer.text
        debt = answer.json()
        assert debt == read.json()
        assert debt | {"orderId": None, "status": "open", "paid": gbp(0), "outstanding": gbp(1000)} == debt
        assert debt["schedule"] == [{"dueAt": debt["dueAt"], "amount": gbp(1000), "paid": gbp(0)}]
        assert debt["payments"] == []

    async def test_takes_a_schedule_that_sums_up(self, lender: Lender) -> None:
        now = SystemClock().now()
        parts = [{"dueAt": (now + timedelta(days=day)).isoformat(), "amount": gbp(500)} for day in (60, 30)]
        async with lender.admin() as admin:
            good = await admin.post("/api/debts", json=owing(lender, schedule=parts))
            bad = await admin.post("/api/debts", json=owing(lender, 1001, schedule=parts))
        assert good.status_code == 201
        assert good.json()["dueAt"] == good.json()["schedule"][1]["dueAt"]
        assert (bad.status_code, bad.json()["code"]) == (422, "schedule_mismatch")

    @pytest.mark.parametrize("more", [{"principal": gbp(0)}, {"debtorType": "dog"}, {"colour": "red"}])
    async def test_refuses_a_bad_body(self, lender: Lender, more: dict[str, Any]) -> None:
        async with lender.admin() as admin:
            assert (await admin.post("/api/debts", json=owing(lender, **more))).status_code == 422

    async def test_burdens_no_other_company(self, lender: Lender) -> None:
        async with lender.admin() as admin:
            own = await admin.post("/api/debts", json=owing(lender, debtorType="company", debtorId=lender.company))
            other = await admin.post("/api/debts", json=owing(lender, debtorType="company", debtorId=new_id("cmp")))
        assert (own.status_code, other.status_code) == (201, 404)

    async def test_enters_one_debt_a_key(self, lender: Lender) -> None:
        async with lender.admin() as admin:
            headers = {"Idempotency-Key": "k1"}
            first = await admin.post("/api/debts", json=owing(lender), headers=headers)
            again = await admin.post("/api/debts", json=owing(lender), headers=headers)
        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
        assert again.json() == first.json()

    async def test_needs_the_permission(self, lender: Lender) -> None:
        async with lender.harness.user("shop_manager", lender.company) as manager:
            assert (await manager.post("/api/debts", json=owing(lender))).status_code == 403


class TestRecordPayment:
    async def test_pays_in_parts_until_it_is_settled(self, lender: Lender) -> None:
        async with lender.admin() as admin:
            debt = (await admin.post("/api/debts", json=owing(lender))).json()["id"]
            part = await admin.post(f"/api/debts/{debt}/payments", json={"amount": gbp(400), "method": "cash"})
            last = await admin.post(f"/api/debts/{debt}/payments", json={"amount": gbp(600), "method": "cash"})
            more = await admin.post(f"/api/debts/{debt}/payments", json={"amount": gbp(1), "method": "cash"})
        assert (part.status_code, part.json()["status"], part.json()["outstanding"]) == (
            201,
            "partially_paid",
            gbp(600),
        )
        assert (last.json()["status"], len(last.json()["payments"])) == ("paid", 2)
        assert (more.status_code, more.json()["code"]) == (409, "debt_overpaid")
        await lender.hears("debt.payment_recorded", debt)
        await lender.hears("debt.settled", debt)

    async def test_never_takes_too_much_in_parallel(self, lender: Lender) -> None:
        async with lender.admin() as admin:
            debt = (await admin.post("/api/debts", json=owing(lender))).json()["id"]
            payment = {"amount": gbp(300), "method": "cash"}
            answers = await asyncio.gather(*(admin.post(f"/api/debts/{debt}/payments", json=payment) for _ in range(8)))
            read = (await admin.get(f"/api/debts/{debt}")).json()
        assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
        assert read["paid"] == gbp(900)

    async def test_takes_a_payment_once_a_key(self, lender: Lender) -> None:
        async with lender.admin() as admin:
            debt = (await admin.post("/api/debts", json=owing(lender))).json()["id"]
            payment = {"amount": gbp(300), "method": "cash"}
            for _ in range(3):
                answer = await admin.post(
                    f"/api/debts/{debt}/payments", json=payment, headers={"Idempotency-Key": "p1"}
                )
        assert (answer.status_code, answer.json()["paid"]) == (201, gbp(300))


class TestRead:
    async def test_hides_another_companys_debt(self, lender: Lender) -> None:
        async with lender.admin() as admin:
            debt = (await admin.post("/api/debts", json=owing(lender))).json()["id"]
        async with lender.harness.user("company_admin", new_id("cmp")) as stranger:
            assert (await stranger.get(f"/api/debts/{debt}")).status_code == 404
            payment = {"amount": gbp(1), "method": "cash"}
            assert (await stranger.post(f"/api/debts/{debt}/payments", json=payment)).status_code == 404
            assert (await stranger.get("/api/debts")).json()["items"] == []

    async def test_filters_the_list(self, lender: Lender) -> None:
        async with lender.admin() as admin:
            await admin.post("/api/debts", json=owing(lender))
            other = await admin.post(
                "/api/debts", json={**owing(lender), "debtorType": "company", "debtorId": lender.company}
            )
            for chosen in ({"debtorId": lender.company}, {"debtorType": "company"}):
                found = (await admin.get("/api/debts", params=chosen)).json()["items"]
                assert [debt["id"] for debt in found] == [other.json()["id"]]
            assert (await admin.get("/api/debts", params={"status": "paid"})).json()["items"] == []
            assert (await admin.get("/api/debts", params={"colour": "red"})).status_code == 422


class TestDebtor:
    async def test_must_be_a_customer_of_the_company(self, lender: Lender, stranger: Lender) -> None:
        async with lender.admin() as admin:
            answer = await admin.post("/api/debts", json=owing(lender, debtorId=stranger.customer))
            assert answer.status_code in (404, 503), "sales is not running here: nobody vouches for the stranger"
            assert (await admin.get("/api/debts")).json()["items"] == []


class TestWriteOff:
    async def test_gives_up_what_is_left_once(self, lender: Lender) -> None:
        async with lender.admin() as admin:
            debt = (await admin.post("/api/debts", json=owing(lender))).json()["id"]
            await admin.post(f"/api/debts/{debt}/payments", json={"amount": gbp(400), "method": "cash"})
            first = await admin.post(f"/api/debts/{debt}/write-off", json={"reason": "insolvent"})
            again = await admin.post(f"/api/debts/{debt}/write-off", json={"reason": "insolvent"})
            late = await admin.post(f"/api/debts/{debt}/payments", json={"amount": gbp(1), "method": "cash"})
        assert (first.status_code, first.json()["status"], first.json()["outstanding"]) == (200, "written_off", gbp(0))
        assert again.json() == first.json()
        assert (late.status_code, late.json()["code"]) == (409, "invalid_transition")
        told = await lender.hears("debt.written_off", debt)
        assert (told["amount"], told["reason"]) == (Money.of(600, "GBP"), "insolvent")

    async def test_refuses_a_paid_debt(self, lender: Lender) -> None:
        async with lender.admin() as admin:
            debt = (await admin.post("/api/debts", json=owing(lender))).json()["id"]
            await admin.post(f"/api/debts/{debt}/payments", json={"amount": gbp(1000), "method": "cash"})
            answer = await admin.post(f"/api/debts/{debt}/write-off", json={"reason": "kindness"})
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")

    async def test_hides_another_companys(self, lender: Lender, stranger: Lender) -> None:
        async with lender.admin() as admin:
            debt = (await admin.post("/api/debts", json=owing(lender))).json()["id"]
        async with stranger.admin() as admin:
            assert (await admin.post(f"/api/debts/{debt}/write-off", json={"reason": "mine"})).status_code == 404


class TestAgeing:
    async def test_classes_each_instalment_by_its_age(self, lender: Lender, stranger: Lender) -> None:
        now = SystemClock().now()
        ages = {-5: 100, 1: 200, 30: 300, 31: 400, 60: 500, 61: 600, 90: 700, 91: 800}
        parts = [
            {"dueAt": (now - timedelta(days=days, minutes=1)).isoformat(), "amount": gbp(amount)}
            for days, amount in ages.items()
        ]
        async with stranger.admin() as admin:
            await admin.post("/api/debts", json=owing(stranger))
        async with lender.admin() as admin:
            debt = (await admin.post("/api/debts", json=owing(lender, sum(ages.values()), schedule=parts))).json()["id"]
            await admin.post(f"/api/debts/{debt}/payments", json={"amount": gbp(850), "method": "cash"})
            paid = (await admin.post("/api/debts", json=owing(lender, 1))).json()["id"]
            await admin.post(f"/api/debts/{paid}/payments", json={"amount": gbp(1), "method": "cash"})
            report = (await admin.get("/api/debts/ageing")).json()
        [group] = report["items"]
        expected = {"current": 100, "days1To30": 500, "days31To60": 900, "days61To90": 1250, "over90": 0}
        assert {name: group[name]["amount"] for name in expected} == expected, "the oldest were paid first"
        assert (group["outstanding"], group["debtorCount"]) == (gbp(2750), 1)
        [debtor] = group["debtors"]
        assert (debtor["debtorId"], debtor["name"]) == (lender.customer, "Debtor")
        assert {name: debtor[name]["amount"] for name in expected} == expected

    async def test_looks_back_or_ahead(self, lender: Lender) -> None:
        soon = SystemClock().now() + timedelta(days=10)
        async with lender.admin() as admin:
            await admin.post("/api/debts", json=owing(lender, dueAt=soon.isoformat()))
            ahead = {"asOf": (soon + timedelta(days=40)).isoformat()}
            report = (await admin.get("/api/debts/ageing", params=ahead)).json()
        assert report["items"][0]["days31To60"] == gbp(1000)

    async def test_is_empty_without_debts_and_needs_the_permission(self, lender: Lender) -> None:
        async with lender.admin() as admin:
            assert (await admin.get("/api/debts/ageing")).json()["items"] == []
        async with lender.harness.user("shop_manager", lender.company) as manager:
            assert (await manager.get("/api/debts/ageing")).status_code == 403


class TestSweep:
    async def test_announces_what_becomes_overdue(self, lender: Lender) -> None:
        yesterday = (SystemClock().now() - timedelta(days=1)).isoformat()
        async with lender.admin() as admin:
            debt = (await admin.post("/api/debts", json=owing(lender, dueAt=yesterday))).json()["id"]
            overdue = await lender.hears("debt.overdue", debt)
            read = (await admin.get(f"/api/debts/{debt}")).json()
        assert overdue["outstanding"] is not None
        assert read["status"] == "overdue"
