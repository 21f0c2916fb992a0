"""The providers' side of a row about money: what they hold, read from their own books, and what is done to them."""

import asyncio
import base64
import hashlib
import hmac
import json
import sqlite3
import time
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx2

from dev.prove.suite import ProvedSuite
from dev.sandbox.paypal.signing import CERTIFICATE_PATH, load_signer

CALL_SECONDS = 30.0
POLL_SECONDS = 0.05
STRIPE_HOOK = "/api/payments/webhooks/stripe/platform"
PAYPAL_HOOK = "/api/payments/webhooks/paypal/platform"
TWILIO_HOOK = "/api/notifications/webhooks/twilio"
CAPTURED = ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED")


@dataclass(frozen=True, slots=True)
class Held:
    """What a provider holds of one order, in minor units: each charge, and each refund of it."""

    charges: list[int]
    refunds: list[int]


class ProviderSide:
    """Asks and meddles at the sandbox's control addresses; signs as the providers do."""

    def __init__(self, suite: ProvedSuite) -> None:
        self.url = suite.sandbox
        self._secrets = suite.secrets
        self._file = suite.home.data / "sandbox.sqlite3"
        self._http = httpx2.AsyncClient(base_url=self.url, timeout=CALL_SECONDS)

    async def __aenter__(self) -> Self:
        await self._http.get(CERTIFICATE_PATH)  # which makes the key where nothing was signed yet
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    @asynccontextmanager
    async def meddling(self, *rules: dict[str, Any]) -> AsyncIterator[None]:
        """These rules stand inside, and none afterwards."""
        try:
            await self.add(*rules)
            yield
        finally:
            await self.clear()

    async def add(self, *rules: dict[str, Any]) -> None:
        """More rules."""
        (await self._http.post("/_faults", json=list(rules))).raise_for_status()

    async def clear(self) -> None:
        """No rules any more."""
        (await self._http.delete("/_faults")).raise_for_status()

    async def rules(self) -> list[dict[str, Any]]:
        """The rules that stand and those used up, each with how often it was met."""
        found: list[dict[str, Any]] = (await self._http.get("/_faults")).raise_for_status().json()["rules"]
        return found

    async def approve(self, paypal_order: str) -> None:
        """The buyer agrees on PayPal's page."""
        (await self._http.post(f"/_sandbox/paypal/orders/{paypal_order}/approve")).raise_for_status()

    def intents(self) -> dict[str, Counter[str]]:
        """How each order's payments stand at Stripe, each try counted by its status."""
        found: dict[str, Counter[str]] = {}
        with self._books() as books:
            for (body,) in books.execute("SELECT body FROM objects WHERE kind = 'payment_intent'"):
                told = json.loads(body)
                found.setdefault(told["metadata"].get("orderId", ""), Counter())[told["status"]] += 1
        return found

    def by_stripe(self, order_id: str) -> Held:
        """What Stripe's books say of an order, whatever key its money was asked for with."""
        with self._books() as books:
            bodies = [json.loads(row[0]) for row in books.execute(
                "SELECT body FROM objects WHERE kind = 'payment_intent' AND body LIKE ?", (f'%"{order_id}"%',)
            )]  # fmt: skip
            ids = [body["id"] for body in bodies]
            refunds = [row[0] for each in ids for row in books.execute(
                "SELECT amount_minor FROM objects WHERE kind = 'refund' AND parent = ? AND status <> 'failed'", (each,)
            )]  # fmt: skip
        return Held([body["amount_received"] for body in bodies if body["amount_received"]], refunds)

    def by_paypal(self, payment_id: str) -> Held:
        """What PayPal's books say of a payment."""
        with self._books() as books:
            captures = books.execute(
                "SELECT c.id, c.amount_minor, c.status FROM paypal_objects c JOIN paypal_objects o ON o.id = c.parent"
                " WHERE c.kind = 'capture' AND o.body LIKE ?", (f'%"{payment_id}"%',),
            ).fetchall()  # fmt: skip
            refunds = [row[0] for row in books.execute(
                "SELECT amount_minor FROM paypal_objects WHERE kind = 'refund' AND body LIKE ?", (f"%|{payment_id}|%",)
            )]  # fmt: skip
        return Held([amount for _, amount, status in captures if status in CAPTURED], refunds)

    def paypal_order(self, payment_id: str) -> str | None:
        """PayPal's own name for a payment."""
        query = "SELECT id FROM paypal_objects WHERE kind = 'order' AND body LIKE ?"
        with self._books() as books:
            row = books.execute(query, (f'%"{payment_id}"%',)).fetchone()
        return str(row[0]) if row else None

    def stripe_events(self, payment_id: str) -> list[bytes]:
        """Every event that Stripe has made about a payment, the oldest first, as it is sent."""
        with self._books() as books:
            query = "SELECT body FROM objects WHERE kind = 'event' AND body LIKE ? ORDER BY seq"
            return [row[0].encode() for row in books.execute(query, (f'%"{payment_id}"%',))]

    def paypal_events(self, payment_id: str) -> list[bytes]:
        """Every event that PayPal has made about a payment, the oldest first, as it is sent."""
        with self._books() as books:
            query = "SELECT body FROM callbacks WHERE provider = 'paypal' AND body LIKE ? ORDER BY seq"
            return [row[0].encode() for row in books.execute(query, (f"%|{payment_id}%",))]

    def stripe_signed(self, body: bytes, *, age_seconds: int = 0, secret: str | None = None) -> dict[str, str]:
        """The headers with which Stripe would send this body."""
        at = int(time.time()) - age_seconds
        key = (secret or self._secrets.get("stripe.webhook")).encode()
        mark = hmac.new(key, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={at},v1={mark}", "Content-Type": "application/json"}

    def paypal_signed(self, body: bytes, *, age_seconds: int = 0, hook: str | None = None) -> dict[str, str]:
        """The headers with which PayPal would send this body; ``hook`` names another webhook than ours."""
        with self._books() as books:
            signer = load_signer(books)
        told = (datetime.now(UTC) - timedelta(seconds=age_seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        number = f"proof-{zlib.crc32(body)}-{time.monotonic_ns()}"
        return {
            "PAYPAL-TRANSMISSION-ID": number,
            "PAYPAL-TRANSMISSION-TIME": told,
            "PAYPAL-TRANSMISSION-SIG": signer.sign(number, told, hook or self._secrets.get("paypal.webhook"), body),
            "PAYPAL-CERT-URL": f"{self.url}/v1/notifications/certs/CERT-sandbox",
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
            "Content-Type": "application/json",
        }

    def twilio_signed(self, url: str, form: dict[str, str]) -> dict[str, str]:
        """The headers with which Twilio would send this form to this address."""
        text = url + "".join(name + form[name] for name in sorted(form))
        mark = hmac.new(self._secrets.get("twilio.token").encode(), text.encode(), hashlib.sha1).digest()
        return {"X-Twilio-Signature": base64.b64encode(mark).decode()}

    def _books(self) -> "closing[sqlite3.Connection]":
        books = sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=10)
        books.row_factory = sqlite3.Row
        return closing(books)


async def until(ask: Callable[[], Any], holds: Callable[[Any], object], seconds: float) -> Any:
    """Asks until it holds, and returns the last answer either way; ``ask`` may be a coroutine function."""
    end = time.monotonic() + seconds
    while True:
        asked = ask()
        answer = await asked if asyncio.iscoroutine(asked) else asked
        if holds(answer) or time.monotonic() > end:
            return answer
        await asyncio.sleep(POLL_SECONDS)
