"""Row 16: money goes back at most once, however many ask for it, in whatever order."""

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from dev.prove.checker import judge_records
from dev.prove.guarantees.payments_provider import ProviderSide, until
from dev.prove.rows import guarantee
from dev.prove.settling import ended, read
from dev.prove.stage import Stage
from dev.prove.trade import House, Journal, Market, found
from dev.trading import Refused

AT_ONCE, PART = 50, 100
PRICE = 1999
SETTLED_SECONDS = 180.0
MOST_PARTS = 3
"""An order may be paid in five tries: one at its beginning, one at the end of the walk."""

OTHERWISE = ("one charge an order at the provider", "the provider's sums are ours")
"""Orders of this row are paid in parts; and what of a hold is let go, a provider's charge shows as sent back."""

PLAIN = "pm_card_visa"
CARDS = (PLAIN, PLAIN, "pm_card_pendingRefund", "pm_card_refundFail")
"""The bank of the third tells of a refund later; that of the fourth takes it and sends it back."""


@dataclass(slots=True)
class Paid:
    """One order of a walk, and what the walk was told about it."""

    order_id: str
    total: int
    token: str
    told: Counter[str] = field(default_factory=Counter)
    over: list[str] = field(default_factory=list)


@guarantee(
    16,
    "refund ≤ captured",
    "50 refunds at once, and random walks of charges, captures, voids and refunds: never over; the full refund exact",
)
async def refund_within_capture(stage: Stage) -> None:
    house = await found(stage.suite, "refunds", goods=2, stock=5000, price=PRICE)
    market = Market(house, Journal(stage.folder / "journal.jsonl"))
    for number in range(stage.pick(1, 20)):
        await _many_at_once(stage, market)
        stage.progress("rushes", number + 1, stage.pick(1, 20))
    walks, steps = stage.pick((4, 12), (60, 40))
    paid = await asyncio.gather(*(_walk(stage, market, number, steps) for number in range(walks)))
    stage.none("refunds let through that the walk's own sum forbids", [each for walk in paid for each in walk.over])
    for name in ("refunds", "refused as too much", "captures", "voids", "charges"):
        stage.count(f"walked: {name}", sum(walk.told[name] for walk in paid))
    await ended(stage, house, SETTLED_SECONDS)
    broken = await until(lambda: _broken(stage, market), lambda found: not found, SETTLED_SECONDS)
    stage.none("the other invariants of the checker", broken)
    async with ProviderSide(stage.suite) as provider:
        stage.none("orders with more sent back than was captured, at Stripe", _over(provider, paid))
    stage.none("payments whose refunds are more than their captures", await _over_stored(stage, house))
    await house.close()


async def _broken(stage: Stage, market: Market) -> list[str]:
    """What the checker finds."""
    found = judge_records(await read(stage.suite, market.house, market.journal))
    return [f"{name}: {each}" for name, many in found.items() if name not in OTHERWISE for each in many]


async def _many_at_once(stage: Stage, market: Market) -> None:
    payment = await _charge(market, "pm_card_visa")
    answers = await asyncio.gather(*(_refund(market.house, payment["id"], PART) for _ in range(AT_ONCE)))
    stage.count("refunds asked for at once", AT_ONCE)
    stage.check("refunds of 100 out of 1,999 let through, of 50 at once", PRICE // PART, answers.count("taken"))
    stage.check("the others refused as too much", AT_ONCE - PRICE // PART, answers.count("refund_exceeds_captured"))
    stage.check("the rest goes back in one", "taken", await _refund(market.house, payment["id"], None))
    path = f"/api/payments/{payment['id']}"
    last = await until(lambda: market.house.admin.get(path), lambda told: told["status"] == "refunded", SETTLED_SECONDS)
    stage.check("all of it is back, to the cent", PRICE, last["refunded"]["amount"])
    async with ProviderSide(stage.suite) as provider:
        stage.check("as the provider says", PRICE, sum(provider.by_stripe(payment["orderId"]).refunds))


async def _charge(market: Market, token: str) -> dict[str, Any]:
    """A payment of one order that has gone through."""
    order = await market.place([(market.house.goods[0], 1)], {"method": "card", "paymentMethodToken": token})
    assert order is not None, "there is stock enough"

    async def payment() -> dict[str, Any] | None:
        listed = await market.house.admin.get("/api/payments", orderId=order["id"])
        return next((each for each in listed["items"] if each["status"] == "succeeded"), None)

    found_one: dict[str, Any] = await until(payment, bool, SETTLED_SECONDS)
    return found_one


async def _refund(house: House, payment_id: str, amount: int | None, *, path: str = "") -> str:
    """``taken``, or the code of the refusal."""
    money = {} if amount is None else {"amount": {"amount": amount, "currency": house.currency}}
    try:
        await house.admin.post(path or f"/api/payments/{payment_id}/refund", {**money, "reason": "proof"})
    except Refused as refused:
        return refused.code
    return "taken"


async def _walk(stage: Stage, market: Market, number: int, steps: int) -> Paid:
    """One order through many hands: held, captured in part, paid again, refunded alone and many at once."""
    token = CARDS[number % len(CARDS)]
    by_hand = number % 2 == 1
    how = {"method": "card", "paymentMethodToken": token, "capture": "manual" if by_hand else "automatic"}
    order = await market.place([(market.house.goods[1], 1)], how)
    assert order is not None, "there is stock enough"
    walk = Paid(order["id"], PRICE, token)
    await until(lambda: _payments(market.house, walk), _is_begun, SETTLED_SECONDS)
    plan = [stage.rng.choice((_part, _part, _rush, _of_order, _capture, _void, _pay)) for _ in range(steps)]
    amounts = [stage.rng.randint(1, PRICE // 2) for _ in range(steps)]
    for step, amount in zip(plan, amounts, strict=True):
        await step(market.house, walk, amount)
    rest = {"orderId": walk.order_id, "method": "card", "paymentMethodToken": "pm_card_visa"}
    await _quietly(market.house, walk, "charges", "/api/payments/process", rest)
    await _of_order(market.house, walk, None)
    return walk


def _is_begun(payments: list[dict[str, Any]]) -> bool:
    return bool(payments) and all(each["status"] not in ("pending", "processing") for each in payments)


async def _payments(house: House, walk: Paid) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await house.admin.get("/api/payments", orderId=walk.order_id))["items"]
    return listed


async def _some(house: House, walk: Paid) -> dict[str, Any]:
    return max(await _payments(house, walk), key=lambda each: int(each["captured"]["amount"]))


async def _part(house: House, walk: Paid, amount: int) -> None:
    payment = await _some(house, walk)
    _note(walk, payment, amount, await _refund(house, payment["id"], amount))


async def _rush(house: House, walk: Paid, amount: int) -> None:
    payment = await _some(house, walk)
    answers = await asyncio.gather(*(_refund(house, payment["id"], amount) for _ in range(5)))
    _note(walk, payment, amount * answers.count("taken"), "taken" if "taken" in answers else answers[0])


async def _of_order(house: House, walk: Paid, amount: int | None) -> None:
    path = f"/api/payments/orders/{walk.order_id}/refund"
    before = sum(each["captured"]["amount"] - each["refunded"]["amount"] for each in await _payments(house, walk))
    answer = await _refund(house, "", amount, path=path)
    if answer == "taken" and amount is not None and amount > before and walk.token == PLAIN:
        walk.over.append(f"{amount} of {before} left of {walk.order_id}")
    walk.told["refunds" if answer == "taken" else "refused as too much"] += 1


async def _capture(house: House, walk: Paid, amount: int) -> None:
    money = {"amount": {"amount": amount, "currency": house.currency}}
    await _quietly(house, walk, "captures", f"/api/payments/{(await _some(house, walk))['id']}/capture", money)


async def _void(house: House, walk: Paid, amount: int) -> None:
    if amount % 5 == 0:  # rarely, for it ends a hold
        await _quietly(house, walk, "voids", f"/api/payments/{(await _some(house, walk))['id']}/void", {})


async def _pay(house: House, walk: Paid, amount: int) -> None:
    """Another part of the order, where one is due. The last try of an order is kept for the rest."""
    if walk.told["charges"] >= MOST_PARTS:
        return
    money = {"amount": amount, "currency": house.currency}
    body = {"orderId": walk.order_id, "method": "card", "paymentMethodToken": walk.token, "amount": money}
    await _quietly(house, walk, "charges", "/api/payments/process", body)


async def _quietly(house: House, walk: Paid, what: str, path: str, body: dict[str, Any]) -> None:
    """A step that may be refused, as the order stands."""
    try:
        await house.admin.post(path, body, key=secrets.token_hex(8))
    except Refused as refused:
        if refused.status >= 500 or refused.status == 0:
            raise
        return
    walk.told[what] += 1


def _note(walk: Paid, before: dict[str, Any], amount: int, answer: str) -> None:
    """What was let through may not be more than was left before, unless a bank has sent a refund back meanwhile."""
    left = before["captured"]["amount"] - before["refunded"]["amount"]
    if answer == "taken" and amount > left and walk.token == PLAIN:
        walk.over.append(f"{amount} of {left} left of {before['id']}")
    walk.told["refunds" if answer == "taken" else "refused as too much"] += 1


def _over(provider: ProviderSide, walks: list[Paid]) -> list[str]:
    over = []
    for walk in walks:
        held = provider.by_stripe(walk.order_id)
        if sum(held.refunds) > sum(held.charges) or sum(held.charges) > walk.total:
            over.append(f"{walk.order_id}: captured {held.charges}, refunded {held.refunds}")
    return over


async def _over_stored(stage: Stage, house: House) -> list[str]:
    """As the documents say: what is back, and what is on its way."""
    over = []
    async for payment in stage.suite.database("payment")["payments"].find({"companyId": house.company_id}):
        taken = sum(each["amount"]["amount"] for each in payment["refunds"] if each["status"] != "failed")
        back = sum(each["amount"]["amount"] for each in payment["refunds"] if each["status"] == "succeeded")
        if taken > payment["captured"]["amount"] or back != payment["refunded"]["amount"]:
            over.append(f"{payment['_id']}: captured {payment['captured']}, taken {taken}, back {back}")
    return over
