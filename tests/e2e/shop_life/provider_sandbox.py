"""The provider sandbox from the outside: what was sent there, and its buyer, cardholder and signatures."""

import base64
import hashlib
import hmac
import json
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from dev.home import SANDBOX_HTTP, Home
from dev.sandbox.paypal.signing import load_signer
from dev.secret_store import SecretStore
from tests.e2e.conftest import required

STRIPE_HOOK = "/api/payments/webhooks/stripe/platform"
PAYPAL_HOOK = "/api/payments/webhooks/paypal/platform"
TWILIO_HOOK = "/api/notifications/webhooks/twilio"


class ProviderSandbox:
    """Asks and meddles at its control addresses."""

    def __init__(self, home: Home) -> None:
        self.url = f"http://127.0.0.1:{home.port(SANDBOX_HTTP)}"
        self.secrets = SecretStore(home.secrets)
        self.database = home.data / "sandbox.sqlite3"
        self._http = httpx2.Client(base_url=self.url, timeout=30)

    def sent(self, what: str, **query: str) -> list[dict[str, Any]]:
        """Newest first: payments, paypal, refunds, webhooks, callbacks, mails, messages, pushes."""
        found: list[dict[str, Any]] = self._ask("GET", f"/_inspect/{what}", params=query).json()["items"]
        return found

    def authenticate(self, redirect: str, outcome: str = "complete") -> httpx2.Response:
        """The cardholder on their bank's page."""
        page = self._ask("GET", redirect)
        assert "outcome" in page.text
        return self._ask("POST", redirect, data={"outcome": outcome})

    def decide(self, redirect: str, outcome: str = "approve") -> str:
        """The buyer on PayPal's page; the order's id there."""
        assert self._ask("GET", redirect).status_code == 200
        (order_id,) = parse_qs(urlsplit(redirect).query)["token"]
        self._ask("POST", f"/_sandbox/paypal/orders/{order_id}/{outcome}")
        return order_id

    @contextmanager
    def meddling(self, **rule: Any) -> Iterator[None]:
        """While inside, this rule stands; afterwards none does."""
        self._ask("POST", "/_faults", json=rule)
        try:
            yield
        finally:
            self._ask("DELETE", "/_faults")

    def stripe_signed(self, body: bytes, age_seconds: int = 0) -> dict[str, str]:
        """The headers with which Stripe would send this body."""
        at = int(time.time()) - age_seconds
        secret = self.secrets.get("stripe.webhook").encode()
        mark = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={at},v1={mark}", "Content-Type": "application/json"}

    def paypal_signed(self, body: bytes, age_seconds: int = 0) -> dict[str, str]:
        """The headers with which PayPal would send this body."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            signer = load_signer(db)
        moment = datetime.now(UTC) - timedelta(seconds=age_seconds)
        told, number = moment.strftime("%Y-%m-%dT%H:%M:%SZ"), f"e2e-{zlib.crc32(body)}-{time.monotonic_ns()}"
        return {
            "PAYPAL-TRANSMISSION-ID": number,
            "PAYPAL-TRANSMISSION-TIME": told,
            "PAYPAL-TRANSMISSION-SIG": signer.sign(number, told, self.secrets.get("paypal.webhook"), body),
            "PAYPAL-CERT-URL": f"{self.url}/v1/notifications/certs/CERT-sandbox",
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
            "Content-Type": "application/json",
        }

    def twilio_signed(self, url: str, form: dict[str, str]) -> dict[str, str]:
        """The headers with which Twilio would send this form to this address."""
        text = url + "".join(name + form[name] for name in sorted(form))
        mark = hmac.new(self.secrets.get("twilio.token").encode(), text.encode(), hashlib.sha1).digest()
        return {"X-Twilio-Signature": base64.b64encode(mark).decode()}

    def _ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        answer = self._http.request(method, path, **more)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer


def running_sandbox() -> ProviderSandbox:
    """The one of the suite that these tests run against."""
    return ProviderSandbox(Home(Path(required("MARKETHALL_TEST_HOME")), int(required("MARKETHALL_TEST_PORT_BASE"))))


def as_bytes(event: dict[str, Any]) -> bytes:
    """A callback's body."""
    return json.dumps(event).encode()
