"""What the payment providers say of an order's payments; and plainly, where they cannot be asked."""

import asyncio
import http.client
import json
import os
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from dev.explain.sources import Document
from dev.home import SANDBOX_HTTP, Home
from services.payment.clients.paypal import PayPalProvider
from services.payment.clients.provider import Provider, ProviderUnreachable
from services.payment.clients.stripe import StripeProvider
from services.payment.domain import Payment
from services.payment.domain.payment import BY_HAND
from services.payment.domain.record import PLATFORM

ASK_SECONDS = 10.0
PLUMBING = ("outbox", "pendingAt", "handled")
VARIABLES = {"stripe": "STRIPE_API_KEY", "paypal": "PAYPAL_CLIENT_ID"}
LOOKS = {"stripe": ("payments", "idempotencyKey"), "paypal": ("paypal", "requestId")}
"""Where the sandbox tells of payments, and by which parameter it finds ours: our id is the key of each call."""

View = dict[str, Any]
"""``paymentId``, ``asked`` (who was, or null), ``says`` (what they know), ``remark`` (why nothing is known)."""


def provider_views(home: Home, payments: list[Document], environment: Mapping[str, str] = os.environ) -> list[View]:
    """One view a payment."""
    return [_view(home, payment, environment) for payment in payments]


def _view(home: Home, payment: Document, environment: Mapping[str, str]) -> View:
    provider = payment["provider"]
    if provider in BY_HAND:
        return _told(payment, None, [], "no provider moves this money")
    if payment["accountId"] != PLATFORM:
        named = payment["reference"] or "no reference yet"
        return _told(payment, None, [], f"it is on the company's own account, whose keys payment keeps sealed: {named}")
    if environment.get(VARIABLES[provider]):
        return asyncio.run(_really(payment, environment))
    return _of_sandbox(home, payment)


def _of_sandbox(home: Home, payment: Document) -> View:
    place, parameter = LOOKS[payment["provider"]]
    url = f"http://127.0.0.1:{home.port(SANDBOX_HTTP)}/_inspect/{place}?{urlencode({parameter: payment['_id']})}"
    try:
        with urllib.request.urlopen(url, timeout=ASK_SECONDS) as answer:
            found = json.load(answer)["items"]
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _told(payment, None, [], f"the sandbox does not answer ({error}), and {_needed(payment)} is not set")
    remark = None if found else f"never heard of it (if a real provider is used, set {_needed(payment)} here too)"
    return _told(payment, "sandbox", found, remark)


async def _really(payment: Document, environment: Mapping[str, str]) -> View:
    """The real provider, through the same adapter as payment's own; nothing is started by asking."""
    name = payment["provider"]
    if name == "paypal" and payment["reference"] is None:
        return _told(payment, None, [], "PayPal has not named it yet, so that it cannot be asked for")
    provider = _open(name, environment)
    try:
        outcome = await provider.find(_read(payment))
    except ProviderUnreachable as error:
        return _told(payment, None, [], f"{name} does not answer ({error})")
    finally:
        await provider.close()
    if outcome is None:
        return _told(payment, name, [], "never heard of it")
    return _told(payment, name, [outcome.model_dump(mode="json", by_alias=True)], None)


def _open(name: str, environment: Mapping[str, str]) -> Provider:
    if name == "stripe":
        return StripeProvider(environment["STRIPE_API_KEY"], environment.get("STRIPE_API_BASE"), "", None)
    secret, base = environment.get("PAYPAL_CLIENT_SECRET", ""), environment.get("PAYPAL_API_BASE")
    return PayPalProvider(environment["PAYPAL_CLIENT_ID"], secret, base, "", None)


def _read(document: Document) -> Payment:
    fields = {name: value for name, value in document.items() if name not in PLUMBING}
    return Payment.model_validate({**fields, "id": fields.pop("_id")})


def _needed(payment: Document) -> str:
    return VARIABLES[payment["provider"]]


def _told(payment: Document, asked: str | None, says: list[Any], remark: str | None) -> View:
    return {"paymentId": payment["_id"], "asked": asked, "says": says, "remark": remark}
