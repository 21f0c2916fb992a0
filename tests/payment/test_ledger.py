"""The ledger explains each balance by its entries, and every query stands on an index."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.clock import SystemClock
from common.ids import new_id
from common.money import Money
from services.payment.domain import OrderAccount, Payment
from services.payment.domain.ledger import captured, fee_kept, refund_returned, refunded

from .conftest import Shop
from .test_refunds import split

BOOK = "/api/payments/ledger"


class TestPostings:
    @given(
        amounts=st.lists(st.integers(1, 10**12), min_size=1, max_size=20),
        currency=st.sampled_from(["GBP", "JPY", "KWD"]),
        method=st.sampled_from(["card", "paypal", "cash", "on_account"]),
    )
    def test_sum_to_zero_whatever_happens(self, amounts: list[int], currency: str, method: str) -> None:
        now = SystemClock().now()
        account = OrderAccount.open("ord_1", "cmp_1", now)
        payment = Payment.open(account, "pay_1", method, Money.of(sum(amounts), currency), now)
        postings = [captured(payment, sum(amounts), now), fee_kept(payment, amounts[0], now)]
        payment.succeed(sum(amounts), now)
        for number, amount in enumerate(amounts):
            refund = payment.begin_refund(f"rfd_{number}", Money.of(amount, currency), "x", now)
            postings += [refunded(payment, refund, now), refund_returned(payment, refund, now)]
        lines = [line for posting in postings for line in posting.lines]
        assert sum(line.amount for line in lines) == 0
        assert all(sum(line.amount for line in posting.lines) == 0 for posting in postings)
        assert {line.currency for line in lines} == {currency}


@pytest.mark.asyncio(loop_scope="module")
class TestBook:
    async def test_explains_each_balance_by_its_entries(self, shop: Shop) -> None:
        order = await split(shop)
        async with shop.admin() as admin:
            refund = {"amount": {"amount": 700, "currency": "GBP"}, "reason": "x"}
            await admin.post(f"/api/payments/orders/{order}/refund", json=refund)
            accounts = (await admin.get(f"{BOOK}/accounts")).json()
            assert [total["amount"] for total in accounts["totals"]] == [0]
            for row in accounts["items"]:
                why = (await admin.get(f"{BOOK}/accounts/{row['account']}/explanation")).json()
                assert sum(cause["balance"]["amount"] for cause in why["causes"]) == row["balance"]["amount"]
                entries = (await admin.get(f"{BOOK}/entries", params={"account": row["account"]})).json()["items"]
                lines = [line for entry in entries for line in entry["lines"] if line["account"] == row["account"]]
                assert sum(line["amount"]["amount"] for line in lines) == row["balance"]["amount"]
                assert why["balances"] == [row["balance"]] and len(entries) == row["entries"]
            of_order = (await admin.get(f"{BOOK}/entries", params={"orderId": order, "limit": 2})).json()
            rest = {"orderId": order, "limit": 2, "cursor": of_order["nextCursor"]}
            more = (await admin.get(f"{BOOK}/entries", params=rest)).json()
            assert len({entry["id"] for entry in of_order["items"] + more["items"]}) == 3
            assert (await admin.get(f"{BOOK}/accounts/asset:nothing/explanation")).status_code == 404
            assert (await admin.get(f"{BOOK}/entries?colour=red")).status_code == 422

    async def test_is_the_companys_own(self, shop: Shop) -> None:
        order = await split(shop)
        async with shop.harness.user("company_admin", new_id("cmp")) as other:
            assert (await other.get(f"{BOOK}/accounts")).json() == {"items": [], "totals": []}
            assert (await other.get(f"{BOOK}/entries", params={"orderId": order})).json()["items"] == []
        async with shop.harness.user("shop_manager", shop.company, shop_ids=["shp_1"]) as manager:
            for path in ("accounts", "entries", "accounts/asset:cash/explanation"):
                assert (await manager.get(f"{BOOK}/{path}")).status_code == 403

    async def test_every_query_stands_on_an_index(self, shop: Shop) -> None:
        company = {"companyId": shop.company}
        newest = [("createdAt", -1), ("_id", -1)]
        queries: list[tuple[Any, dict[str, Any], list[tuple[str, int]]]] = [
            (shop.on.books.ledger, {**company, "lines.account": "asset:cash"}, [("at", -1), ("_id", -1)]),
            (shop.on.books.ledger, {**company, "orderId": "ord_1"}, [("at", -1), ("_id", -1)]),
            (shop.on.books.ledger, {**company, "paymentId": "pay_1"}, [("at", -1), ("_id", -1)]),
            (shop.on.payments.collection, {**company, "method": "card"}, newest),
            (shop.on.payments.collection, company, [("updatedAt", -1), ("_id", -1)]),
            (shop.on.methods.collection, {**company, "ownerId": "cus_1", "removedAt": None}, [("_id", 1)]),
            (shop.on.provider_accounts.collection, {**company, "provider": "stripe", "status": "active"}, []),
            (shop.on.callbacks.collection, company, newest),
            (shop.on.declines._collection, {"bucket": "x", "at": {"$gt": SystemClock().now()}}, [("at", -1)]),
        ]
        for collection, criteria, order in queries:
            cursor = collection.find(criteria)
            plan = str((await (cursor.sort(order) if order else cursor).explain())["queryPlanner"]["winningPlan"])
            assert "IXSCAN" in plan and "COLLSCAN" not in plan and "'SORT'" not in plan, (criteria, plan)
