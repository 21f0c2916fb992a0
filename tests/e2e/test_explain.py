"""`./markethall explain`: orders of every kind in the running suite, told right, called off and given back."""

import asyncio
import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from common.clock import SystemClock
from dev.explain.command import Told, examine
from dev.explain.provider import provider_views
from dev.explain.report import report
from dev.home import Home, OperatorError
from dev.provision.environments import sandbox_cards
from dev.secret_store import SecretStore
from tests.e2e.conftest import ROOT, WAIT, Market, by_card, eventually, open_market, order_of, required

pytestmark = pytest.mark.asyncio(loop_scope="module")


def home() -> Home:
    return Home(Path(required("MARKETHALL_TEST_HOME")), int(required("MARKETHALL_TEST_PORT_BASE")))


async def explain(name: str, **more: Any) -> Told:
    return await asyncio.to_thread(examine, home(), name, **more)


async def ended(order_id: str) -> dict[str, Any]:
    """The report, once nothing of the order is on its way any more."""
    told = await eventually(
        lambda: explain(order_id), lambda found: found.verdict.kind == "ended" and not found.verdict.notes
    )
    return report(told.case, told.verdict)


async def audited(market: Market, order_id: str, action: str) -> dict[str, Any]:
    page = await eventually(
        lambda: market.admin.get("/api/audit/events", action=action, resource=order_id), lambda found: found["items"]
    )
    entry: dict[str, Any] = page["items"][-1]
    return entry


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    own = home()
    environment = {**os.environ, "MARKETHALL_HOME": str(own.path), "MARKETHALL_PORT_BASE": str(own.port_base)}
    run = [sys.executable, "-m", "dev", "explain", *arguments]
    return subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


class TestTells:
    async def test_a_paid_order_through_every_service(self, market: Market) -> None:
        product, customer = await market.product(stock=5), await market.customer()
        order = await customer.post("/api/orders", order_of(product, 2, payment=by_card()), **WAIT)
        await market.stock_settles(product["sku"], 3)
        told = await ended(order["id"])
        assert told["verdict"]["sentence"] == "ended: confirmed and paid"
        assert (told["reservation"]["state"], told["payments"][0]["status"]) == ("deducted", "succeeded")
        [view] = told["providers"]
        assert (view["asked"], view["says"][0]["status"]) == ("sandbox", "succeeded")
        assert [sum(line["amount"] for line in entry["lines"]) for entry in told["ledger"]] == [0]
        types = [event["type"] for event in told["events"]]
        assert types[0] == "order.created"
        assert {"payment.succeeded", "order.confirmed", "inventory.deducted"} <= set(types)
        [confirmed] = [event for event in told["events"] if event["type"] == "order.confirmed"]
        assert confirmed["consumers"]["inventory"] == confirmed["consumers"]["audit"] == "handled"
        assert confirmed["causedBy"] in [event["id"] for event in told["events"]]
        assert told["requestIds"]

    async def test_what_the_provider_itself_says_with_its_keys(self, market: Market) -> None:
        product, customer = await market.product(stock=5), await market.customer()
        order = await customer.post("/api/orders", order_of(product, payment=by_card()), **WAIT)
        told = await explain(order["id"])
        keys = sandbox_cards(home(), SecretStore(home().secrets))
        views = await asyncio.to_thread(provider_views, home(), told.case.records.payments, keys)
        assert [(view["asked"], view["says"][0]["kind"]) for view in views] == [("stripe", "succeeded")]

    async def test_an_order_that_waits_for_its_payment(self, market: Market) -> None:
        product, customer = await market.product(stock=5), await market.customer()
        order = await customer.post("/api/orders", order_of(product))
        await market.order_becomes(order["id"], fulfilmentStatus="reserved")
        told = await explain(order["id"])
        assert told.verdict.kind == "waiting"
        assert told.verdict.sentence.startswith("waits for the payment since ")
        assert re.search(r", deadline in 1[45] min", told.verdict.sentence)

    async def test_an_order_whose_buyer_is_at_the_bank(self, market: Market) -> None:
        product, customer = await market.product(stock=5), await market.customer()
        order = await customer.post("/api/orders", order_of(product, payment=by_card("pm_card_authenticationRequired")))
        told = await eventually(lambda: explain(order["id"]), lambda found: "with the bank" in found.verdict.sentence)
        assert told.verdict.kind == "waiting"

    async def test_a_declined_order(self, market: Market) -> None:
        product, customer = await market.product(stock=5), await market.customer()
        body = order_of(product, payment=by_card("pm_card_visa_chargeDeclined"))
        order = await customer.post("/api/orders", body, **WAIT)
        told = await ended(order["id"])
        assert told["verdict"]["sentence"] == "ended: cancelled (payment_failed), failed"
        assert told["reservation"]["state"] == "released"

    async def test_an_order_that_fell_short(self, market: Market) -> None:
        product, customer = await market.product(stock=1), await market.customer()
        order = await customer.post("/api/orders", order_of(product, 2, payment=by_card()), **WAIT)
        told = await ended(order["id"])
        assert told["verdict"]["sentence"].startswith("ended: cancelled (out_of_stock)")
        assert told["reservation"]["shortages"][0]["available"] == 1

    async def test_an_order_on_account_with_its_debt(self, market: Market) -> None:
        product = await market.product(stock=5)
        buyer = await market.admin.post("/api/customers", {"email": f"{secrets.token_hex(4)}@on.example"})
        body = order_of(product, customerId=buyer["id"], payment={"method": "on_account"})
        order = await market.admin.post("/api/orders", body, **WAIT)
        told = await ended(order["id"])
        assert [debt["status"] for debt in told["debts"]] == ["open"]
        assert told["providers"][0]["asked"] is None

    async def test_a_till_sale(self, market: Market) -> None:
        product = await market.product(price=1000, stock=5)
        sale = {
            "clientSaleId": secrets.token_hex(6),
            "shopId": market.shop_id,
            "items": [{"productId": product["id"], "quantity": 1}],
            "tenders": [{"method": "cash", "amount": {"amount": 1000, "currency": "EUR"}}],
            "soldAt": SystemClock().now().isoformat(),
        }
        sold = await market.admin.post("/api/pos/sales", sale)
        told = await ended(sold["id"])
        assert told["verdict"]["sentence"] == "ended: completed and paid"
        assert told["reservation"]["state"] == "deducted"


class TestFinding:
    async def test_nobody_knows_an_order_that_is_not_there(self) -> None:
        with pytest.raises(OperatorError, match="There is no order SO-404"):
            await explain("SO-404")

    async def test_a_number_of_several_companies_names_them(self, gateway_url: str, market: Market) -> None:
        other = await open_market(gateway_url)
        numbers = []
        for each in (market, other):
            order = await each.admin.post("/api/orders", order_of(await each.product()) | {"email": "a@b.example"})
            numbers.append(order["number"])
        name = numbers[-1]
        with pytest.raises(OperatorError) as refused:
            await explain(name)
        assert f"--company {other.slug}" in str(refused.value)
        told = await explain(name.lower(), company=other.slug)
        assert told.case.slug == other.slug
        await other.admin.__aexit__()


class TestActs:
    async def test_nothing_without_a_reason(self, market: Market) -> None:
        order = await market.admin.post("/api/orders", order_of(await market.product()) | {"email": "a@b.example"})
        for action in ("resume", "cancel", "refund"):
            with pytest.raises(OperatorError, match="needs --reason"):
                await explain(order["id"], action=action, reason="  ")
        assert (await market.order(order["id"]))["status"] == "pending"

    async def test_calls_off_with_the_reason_in_the_audit_log(self, market: Market) -> None:
        product, customer = await market.product(stock=5), await market.customer()
        order = await customer.post("/api/orders", order_of(product, 2, payment=by_card()), **WAIT)
        told = await explain(order["id"], action="cancel", reason="ordered twice")
        assert told.case.order["cancelReason"] == "staff"
        await market.order_becomes(order["id"], paymentStatus="refunded")
        await market.stock_settles(product["sku"], 5)
        entry = await audited(market, order["id"], "order.cancelled")
        assert (entry["actor"]["role"], entry["after"]["note"]) == ("super_admin", "ordered twice")
        assert (await ended(order["id"]))["order"]["refunded"]["amount"] == 2000

    async def test_gives_money_back_once_for_one_reason(self, market: Market) -> None:
        product, customer = await market.product(stock=5), await market.customer()
        order = await customer.post("/api/orders", order_of(product, payment=by_card()), **WAIT)
        for _ in range(2):
            told = await explain(order["id"], action="refund", reason="broken on arrival")
        assert len(told.case.records.payments[0]["refunds"]) == 1
        page = await eventually(
            lambda: market.admin.get("/api/audit/events", action="payment.refunded"), lambda found: found["items"]
        )
        [entry] = [each for each in page["items"] if each["after"]["orderId"] == order["id"]]
        assert (entry["actor"]["role"], entry["after"]["reason"]) == ("super_admin", "broken on arrival")
        with pytest.raises(OperatorError, match="refund_exceeds_captured"):
            await explain(order["id"], action="refund", reason="once more")


class TestCommand:
    async def test_answers_programs(self, market: Market) -> None:
        product, customer = await market.product(stock=5), await market.customer()
        order = await customer.post("/api/orders", order_of(product, payment=by_card()), **WAIT)
        await ended(order["id"])
        run = await asyncio.to_thread(command, order["id"], "--json")
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout)["verdict"]["kind"] == "ended"
        page = await asyncio.to_thread(command, order["id"])
        assert page.stdout.startswith("ended: confirmed and paid")

    async def test_fails_in_one_sentence(self) -> None:
        run = await asyncio.to_thread(command, "ord_nobody")
        assert (run.returncode, run.stdout) == (1, "")
        assert run.stderr.startswith("markethall: There is no order ord_nobody")
