"""Row 15: a provider whose answers are lost, while payment is killed between asking and hearing."""

import asyncio
from typing import Any

from dev.prove.guarantees.payments_provider import ProviderSide, until
from dev.prove.rows import Kind, guarantee
from dev.prove.stage import Stage
from dev.prove.trade import CARD, House, Journal, Market, found
from dev.prove.trade.market import ADDRESS, items

REFUNDED = 500
"""Less than half of a payment, so that a second refund of it would be let through by the provider."""

SETTLED_SECONDS = 75.0
ANSWER_HELD_SECONDS = 6.0
KILLS = (
    ("stripe", "payment_intents.create"),
    ("stripe", "refunds.create"),
    ("paypal", "orders.capture"),
    ("paypal", "captures.refund"),
)
"""Which call is under way while payment is killed; its effect has happened, its answer never arrives."""


def lost(provider: str, operation: str, before: int, after: int) -> list[dict[str, Any]]:
    """So many answers kept back before the effect, and so many after it."""
    shared = {"provider": provider, "operation": operation}
    counted = (("drop_before", before), ("drop_after", after))
    return [{**shared, "fault": fault, "times": times} for fault, times in counted if times]


class Round:
    """Orders paid and partly refunded by both providers while answers are lost."""

    def __init__(self, stage: Stage, house: House, market: Market, provider: ProviderSide) -> None:
        self._stage = stage
        self._house = house
        self._market = market
        self._provider = provider
        self._payments = stage.suite.database("payment")["payments"]
        self.paid: list[dict[str, Any]] = []

    async def run(self, size: int, kill: tuple[str, str]) -> int:
        """``size`` payments by each provider; how many answers were lost."""
        held = {"provider": kill[0], "operation": kill[1], "fault": "delay", "seconds": ANSWER_HELD_SECONDS, "times": 1}
        deaf = [{"provider": each, "operation": "webhook.*", "fault": "drop_before"} for each in ("stripe", "paypal")]
        charges = [*lost("stripe", "payment_intents.create", size - 1, size), *lost("paypal", "orders.create", 0, 1)]
        charges += lost("paypal", "orders.capture", size - 1, size - 1)
        # Nothing that a provider says by itself comes through: only what is asked again can tell.
        async with self._provider.meddling(held, *deaf, *charges):
            killing = asyncio.create_task(self._kill_during())
            cards = await asyncio.gather(*(self._by_card() for _ in range(size)))
            wallets = await asyncio.gather(*(self._by_wallet() for _ in range(size)))
            paid = [await self._becomes(order, "succeeded") for order in (*cards, *wallets)]
            await self._provider.add(*lost("stripe", "refunds.create", size - 1, size - 1))
            await self._provider.add(*lost("paypal", "captures.refund", 1, size - 1))
            await asyncio.gather(*(self._refund(payment) for payment in paid))
            for payment in paid:
                self.paid.append(await self._becomes(payment["orderId"], "partially_refunded"))
            await killing
            used = [rule["used"] for rule in await self._provider.rules() if rule["operation"] != "webhook.*"]
            return sum(used)

    async def _kill_during(self) -> None:
        """Waits until the provider holds the answer back, then kills payment, which waits for it."""
        async with asyncio.timeout(SETTLED_SECONDS):
            while not await self._is_held_back():
                await asyncio.sleep(0.05)
        await self._stage.suite.kill("payment")
        self._stage.count("payment killed during a call")

    async def _is_held_back(self) -> bool:
        return any(rule["fault"] == "delay" and rule["used"] for rule in await self._provider.rules())

    async def _by_card(self) -> str:
        order = await self._market.place([(self._house.goods[0], 1)], CARD)
        assert order is not None, "nobody else buys here"
        return str(order["id"])

    async def _by_wallet(self) -> str:
        """An order that its buyer approves at PayPal."""
        good = self._house.goods[1]
        body = {"items": items([(good, 1)]), "shippingAddress": ADDRESS}
        order = await self._house.admin.post("/api/orders", body)
        key, total = order["id"], order["totals"]["grandTotal"]["amount"]
        sent = {"companyId": self._house.company_id, "lines": [[good.sku, 1]], "payment": "paypal"}
        self._market.journal.note("order.sent", key=key, **sent)
        self._market.journal.note("order.accepted", key=key, orderId=order["id"], total=total)
        payment = await self._house.admin.post("/api/payments/process", {"orderId": order["id"], "method": "paypal"})
        at_paypal = await until(lambda: self._provider.paypal_order(payment["id"]), bool, SETTLED_SECONDS)
        await self._becomes(order["id"], "requires_action")
        await self._provider.approve(at_paypal)
        await self._house.admin.post(f"/api/payments/{payment['id']}/confirm", {})
        return str(order["id"])

    async def _refund(self, payment: dict[str, Any]) -> None:
        body = {"amount": {"amount": REFUNDED, "currency": self._house.currency}, "reason": "proof"}
        await self._house.admin.post(f"/api/payments/{payment['_id']}/refund", body)

    async def _becomes(self, order_id: str, status: str) -> dict[str, Any]:
        async def stored() -> dict[str, Any] | None:
            return await self._payments.find_one({"companyId": self._house.company_id, "orderId": order_id})

        def holds(payment: dict[str, Any] | None) -> bool:
            return payment is not None and (payment["status"] == status or payment["status"] == "failed")

        found_one = await until(stored, holds, SETTLED_SECONDS)
        return dict(found_one or {"orderId": order_id, "status": "never begun"})


@guarantee(
    15,
    "no double charge",
    "200 answers of Stripe and PayPal lost before and after their effect, payment killed between: 0 duplicates there",
    kind=Kind.ROUGH,
)
async def no_double_charge(stage: Stage) -> None:
    house = await found(stage.suite, "double", goods=2, stock=5000)
    market = Market(house, Journal(stage.folder / "journal.jsonl"))
    wanted, size = stage.pick(10, 200), stage.pick(2, 6)
    dropped, rounds = 0, 0
    async with ProviderSide(stage.suite) as provider:
        work = Round(stage, house, market, provider)
        kills = stage.rng.sample(KILLS, len(KILLS))
        while dropped < wanted:
            dropped += await work.run(size, kills[rounds % len(kills)])
            rounds += 1
            stage.progress("answers lost", dropped, wanted)
            await stage.suite.ready(["payment"])
        _judge(stage, work.paid, provider)
    stage.count("answers lost", dropped)
    stage.count("payments", len(work.paid))
    stage.at_least("answers lost", wanted, dropped)
    await house.close()


def _judge(stage: Stage, paid: list[dict[str, Any]], provider: ProviderSide) -> None:
    charged, refunded, unsettled = [], [], []
    for payment in paid:
        by_stripe = payment.get("provider") == "stripe"
        held = provider.by_stripe(payment["orderId"]) if by_stripe else provider.by_paypal(payment.get("_id", ""))
        if held.charges != [payment.get("amount", {}).get("amount")]:
            charged.append((payment["orderId"], held.charges))
        if held.refunds != [REFUNDED]:
            refunded.append((payment["orderId"], held.refunds))
        if payment["status"] != "partially_refunded":
            unsettled.append((payment["orderId"], payment["status"]))
    stage.none("orders not charged exactly once at the provider", charged)
    stage.none("refunds not made exactly once at the provider", refunded)
    stage.none("payments that the suite does not know to be settled", unsettled)
