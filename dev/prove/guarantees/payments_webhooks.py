"""Row 19: what is said in the providers' names, rightly and wrongly."""

import asyncio
import json
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx2

from dev.prove.guarantees.payments_provider import PAYPAL_HOOK, STRIPE_HOOK, TWILIO_HOOK, ProviderSide, until
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import judge, settled
from dev.prove.stage import Stage
from dev.prove.suite import ProvedSuite
from dev.prove.trade import CARD, House, Journal, Market, found

CALL_SECONDS = 60.0
SETTLED_SECONDS = 60.0
REFUNDED = 300
TOO_OLD, TOO_EARLY = 360, -360
"""Seconds outside the window that a signature is believed in."""

ANSWER_LATE_SECONDS = 1.5
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FINAL = ("delivered", "sent", "queued", "failed")
"""Reports about one text, the last first."""

Call = tuple[str, str, bytes, dict[str, str]]
"""What is wrong with it, where it is sent, body, headers."""


@guarantee(
    19,
    "webhooks",
    "tampered, replayed, reordered, doubled, before their own call's answer: none accepted wrongly, no state goes back",
    kind=Kind.ROUGH,
)
async def webhooks(stage: Stage) -> None:
    house = await found(stage.suite, "hooks", goods=1, stock=5000)
    market = Market(house, Journal(stage.folder / "journal.jsonl"))
    provider = ProviderSide(stage.suite)
    async with provider, httpx2.AsyncClient(base_url=stage.suite.gateway, timeout=CALL_SECONDS) as http:
        orders = await _trade(stage, market, provider)
        await settled(stage, house, market.journal, SETTLED_SECONDS)
        before = await _state(stage, house)
        genuine = list(_genuine(provider, before))
        stage.at_least("events of the provider", 3 * len(orders), len(genuine))
        await _forge(stage, http, list(_forgeries(stage, provider, genuine)))
        stage.check("states after forgeries", before, await _state(stage, house))
        await _repeat(stage, http, provider, [*genuine, *_lies(genuine)])
        stage.check("states after genuine events again, and shuffled", before, await _state(stage, house))
        await _texts(stage, http, house, provider)
    await judge(stage, house, market.journal)
    await house.close()


async def _trade(stage: Stage, market: Market, provider: ProviderSide) -> list[str]:
    """Paid and partly refunded while events come twice, newest first, and before the answers they follow from."""
    shapes: list[dict[str, Any]] = [
        {"provider": each, "operation": "webhook.*", "fault": fault}
        for each in ("stripe", "paypal")
        for fault in ("duplicate", "reorder")
    ]
    shapes += [
        {"provider": "stripe", "operation": operation, "fault": "delay", "seconds": ANSWER_LATE_SECONDS}
        for operation in ("payment_intents.create", "refunds.create")
    ]
    async with provider.meddling(*shapes):
        placed = [market.place([(market.house.goods[0], 1)], CARD) for _ in range(stage.pick(3, 40))]
        orders = [str(order["id"]) for order in await asyncio.gather(*placed) if order is not None]
        paid = await asyncio.gather(*(_paid(market.house, order) for order in orders))
        stage.none("payments that did not go through", [each for each in paid if each["status"] != "succeeded"])
        refund = {"amount": {"amount": REFUNDED, "currency": market.house.currency}, "reason": "proof"}
        calls = [market.house.admin.post(f"/api/payments/{each['id']}/refund", refund) for each in paid]
        await asyncio.gather(*calls)
    stage.count("orders", len(orders))
    return orders


async def _paid(house: House, order_id: str) -> dict[str, Any]:
    async def payment() -> dict[str, Any]:
        listed = (await house.admin.get("/api/payments", orderId=order_id))["items"]
        return dict(listed[0]) if listed else {"status": "none"}

    return dict(await until(payment, lambda told: told["status"] == "succeeded", SETTLED_SECONDS))


async def _state(stage: Stage, house: House) -> dict[str, Any]:
    """What the suite believes of each payment, and how often it was booked."""
    database, company = stage.suite.database("payment"), {"companyId": house.company_id}
    state: dict[str, Any] = {}
    async for each in database["payments"].find(company).sort("_id"):
        amounts = [each[name]["amount"] for name in ("captured", "refunded")]
        state[each["_id"]] = [each["status"], *amounts, [refund["status"] for refund in each["refunds"]]]
    state["ledger"] = await database["ledger_entries"].count_documents(company)
    return state


def _genuine(provider: ProviderSide, state: dict[str, Any]) -> Iterator[bytes]:
    for payment in state:
        yield from provider.stripe_events(payment)


def _lies(genuine: list[bytes]) -> Iterator[bytes]:
    """Signed, and yet not true any more: what was said of a payment before it went through."""
    for body in genuine:
        event = json.loads(body)
        if event["type"] == "payment_intent.succeeded":
            for kind, status in (("payment_failed", "requires_payment_method"), ("canceled", "canceled")):
                told = {**event["data"]["object"], "status": status, "amount_received": 0}
                lie = {**event, "id": f"evt_{secrets.token_hex(8)}", "type": f"payment_intent.{kind}"}
                yield json.dumps({**lie, "data": {"object": told}}).encode()


def _forgeries(stage: Stage, provider: ProviderSide, genuine: list[bytes]) -> Iterator[Call]:
    """Each event in the ways in which it must not be believed."""
    for body in stage.rng.sample(genuine, min(len(genuine), stage.pick(6, 120))):
        fresh = {**json.loads(body), "id": f"evt_{secrets.token_hex(8)}"}
        body = json.dumps(fresh).encode()
        more = body.replace(b'"amount"', b'"amount" ', 1)
        good = provider.stripe_signed(body)
        yield "no signature", STRIPE_HOOK, body, {"Content-Type": "application/json"}
        yield "an empty signature", STRIPE_HOOK, body, {**good, "Stripe-Signature": ""}
        yield "another secret", STRIPE_HOOK, body, provider.stripe_signed(body, secret="whsec_" + "0" * 32)
        yield "tampered", STRIPE_HOOK, more, good
        yield "replayed late", STRIPE_HOOK, body, provider.stripe_signed(body, age_seconds=TOO_OLD)
        yield "from the future", STRIPE_HOOK, body, provider.stripe_signed(body, age_seconds=TOO_EARLY)
        yield "an older scheme alone", STRIPE_HOOK, body, {**good, "Stripe-Signature": _older(good)}
        yield "signed by Stripe, told to PayPal's door", PAYPAL_HOOK, body, good
        yield from _paypal_forgeries(provider, fresh)


def _older(headers: dict[str, str]) -> str:
    return headers["Stripe-Signature"].replace("v1=", "v0=")


def _paypal_forgeries(provider: ProviderSide, event: dict[str, Any]) -> Iterator[Call]:
    named = event["data"]["object"].get("metadata") or {}
    resource = {"custom_id": f"{named.get('companyId')}|{named.get('paymentId')}", "status": "DECLINED"}
    told = {"id": f"WH-{secrets.token_hex(8)}", "event_type": "PAYMENT.CAPTURE.DENIED", "resource": resource}
    body = json.dumps(told, separators=(",", ":")).encode()
    good = provider.paypal_signed(body)
    yield "no signature", PAYPAL_HOOK, body, {"Content-Type": "application/json"}
    yield "another webhook's", PAYPAL_HOOK, body, provider.paypal_signed(body, hook="WH0000000000000000")
    yield "tampered", PAYPAL_HOOK, body + b" ", good
    yield "replayed late", PAYPAL_HOOK, body, provider.paypal_signed(body, age_seconds=TOO_OLD)
    yield "from the future", PAYPAL_HOOK, body, provider.paypal_signed(body, age_seconds=TOO_EARLY)
    yield "a time of its own", PAYPAL_HOOK, body, {**good, "PAYPAL-TRANSMISSION-TIME": "2030-01-01T00:00:00Z"}
    yield "a certificate of nobody's", PAYPAL_HOOK, body, {**good, "PAYPAL-CERT-URL": "https://certs.example/x.pem"}
    yield "a weaker algorithm", PAYPAL_HOOK, body, {**good, "PAYPAL-AUTH-ALGO": "SHA1withRSA"}


async def _forge(stage: Stage, http: httpx2.AsyncClient, calls: list[Call]) -> None:
    accepted = []
    for number, (what, path, body, headers) in enumerate(calls, 1):
        answer = await http.post(path, content=body, headers=headers)
        if not 400 <= answer.status_code < 500:
            accepted.append(f"{what} at {path}: {answer.status_code}")
        stage.progress("forged", number, len(calls))
    stage.count("forged calls", len(calls))
    stage.none("forged calls accepted", accepted)


async def _repeat(stage: Stage, http: httpx2.AsyncClient, provider: ProviderSide, events: list[bytes]) -> None:
    """Everything that is rightly signed, three times over, in any order, many at once."""
    again = [body for body in events for _ in range(3)]
    stage.rng.shuffle(again)
    refused: list[int] = []
    plan = iter(again)

    async def one() -> None:
        for body in plan:
            answer = await http.post(STRIPE_HOOK, content=body, headers=provider.stripe_signed(body))
            if answer.status_code >= 300:
                refused.append(answer.status_code)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(one())
    stage.count("genuine calls repeated", len(again))
    stage.none("genuine calls refused", refused)


async def _texts(stage: Stage, http: httpx2.AsyncClient, house: House, provider: ProviderSide) -> None:
    """Reports about one text message: forged ones, and true ones from the last to the first."""
    phone = f"+49151{stage.rng.randrange(10**8):08d}"
    await house.admin.post("/api/notifications/test", {"channel": "sms", "to": phone})
    told = await until(lambda: _message(stage.suite, phone), lambda each: each.get("status") == "delivered", 30.0)
    stage.check("a text is reported delivered", "delivered", told.get("status"))
    sid = next((each["providerId"] for each in told.get("attempts", ()) if each.get("providerId")), "")
    url = stage.suite.gateway + TWILIO_HOOK
    form = {"MessageSid": sid, "MessageStatus": "failed", "AccountSid": stage.suite.secrets.get("twilio.account")}
    elsewhere = {**form, "AccountSid": "AC" + "0" * 32}
    wrong: list[tuple[str, dict[str, str], dict[str, str]]] = [
        ("no signature", form, {}),
        ("tampered", form, provider.twilio_signed(url, {**form, "MessageStatus": "sent"})),
        ("another address", form, provider.twilio_signed(url + "x", form)),
        ("another account", elsewhere, provider.twilio_signed(url, elsewhere)),
    ]
    calls: list[Call] = [
        (what, TWILIO_HOOK, urlencode(body).encode(), {**FORM, **signed}) for what, body, signed in wrong
    ]
    await _forge(stage, http, calls)
    for status in FINAL:
        body = {**form, "MessageStatus": status}
        headers = {**FORM, **provider.twilio_signed(url, body)}
        for _ in range(2):
            await http.post(TWILIO_HOOK, content=urlencode(body).encode(), headers=headers)
    stage.check("the text after late reports", "delivered", (await _message(stage.suite, phone)).get("status"))


async def _message(suite: ProvedSuite, phone: str) -> dict[str, Any]:
    found_one = await suite.database("notification")["notifications"].find_one({"recipient.address": phone})
    return dict(found_one or {})
