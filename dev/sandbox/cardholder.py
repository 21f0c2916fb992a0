"""The cardholder's bank: the page that a payment in `requires_action` leads to."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dev.sandbox.page import SAFE_HEADERS, document, money
from dev.sandbox.requests import read_body
from dev.sandbox.storage import Storage
from dev.sandbox.stripe.book import Book
from dev.sandbox.stripe.confirmation import authenticate
from dev.sandbox.stripe.refusals import Json, Refusal

_RESULTS = {
    "requires_payment_method": "The authentication failed. You can close this page.",
    "succeeded": "The payment is made. You can close this page.",
    "requires_capture": "The payment is authorised. You can close this page.",
}


@dataclass(frozen=True)
class Cardholder:
    """The page and its answer; `wake` says that webhooks may be due."""

    storage: Storage
    now: Callable[[], float]
    public_url: str
    wake: Callable[[], None]

    def routes(self) -> list[Route]:
        """For the application's router."""
        return [
            Route("/_sandbox/authenticate/{intent}", self.page),
            Route("/_sandbox/authenticate/{intent}", self.answer, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """What the bank shows."""
        intent = await self._find(request.path_params["intent"])
        return _page(intent, 404 if intent is None else 200)

    async def answer(self, request: Request) -> Response:
        """`outcome=complete` or `outcome=fail`, then back to the shop."""
        outcome = parse_qs((await read_body(request)).decode("utf-8", "replace")).get("outcome", [""])[0]
        intent = await self._find(request.path_params["intent"])
        if intent is None:
            return _page(None, 404)
        if intent["status"] != "requires_action" or outcome not in ("complete", "fail"):
            return _page(intent, 409)
        return_url = intent["next_action"]["redirect_to_url"]["return_url"]
        answered = await self._authenticate(intent["id"], completed=outcome == "complete")
        self.wake()
        if return_url is None:
            return _page(answered, 200)
        return RedirectResponse(_with_result(return_url, answered), 303, {"Referrer-Policy": "no-referrer"})

    async def _find(self, intent_id: str) -> Json | None:
        row = await self.storage.run(lambda db: _row(db, intent_id))
        return None if row is None else json.loads(row["body"])

    async def _authenticate(self, intent_id: str, *, completed: bool) -> Json:
        now = self.now()

        def decide(db: sqlite3.Connection) -> Json:
            row = _row(db, intent_id)
            assert row is not None, "payment intents are only removed by a reset"
            try:
                book = Book(db, row["account"], now, self.public_url)
                return authenticate(book, intent_id, completed=completed)
            except Refusal:
                # Another tab was faster: show what became of the payment.
                current: Json = json.loads(row["body"])
                return current

        return await self.storage.run(decide)


def _row(db: sqlite3.Connection, intent_id: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT account, body FROM objects WHERE id = ? AND kind = 'payment_intent'", (intent_id,)
    ).fetchone()
    return row


def _page(intent: Json | None, status: int) -> Response:
    content = "<p>There is no such payment.</p>" if intent is None else _content(intent)
    return HTMLResponse(
        document("Your bank (sandbox)", f'<div class="narrow"><div class="card">{content}</div></div>'),
        status,
        SAFE_HEADERS,
    )


def _content(intent: Json) -> str:
    amount = escape(money(intent["amount"], intent["currency"]))
    if intent["status"] != "requires_action":
        result = _RESULTS.get(intent["status"], f"This payment is {intent['status'].replace('_', ' ')}.")
        return f'<h1>Your bank (sandbox)</h1><p class="sum">{amount}</p><p>{escape(result)}</p>'
    return (
        '<h1>Is this you?</h1><p class="soft">Your bank, played by the sandbox, asks before it pays.</p>'
        f'<p class="sum">{amount}</p><p class="soft"><code>{escape(intent["id"])}</code></p>'
        '<form method="post"><button class="main" name="outcome" value="complete">Complete</button>'
        '<button name="outcome" value="fail">Fail</button></form>'
    )


def _with_result(return_url: str, intent: Json) -> str:
    result = urlencode(
        {
            "payment_intent": intent["id"],
            "payment_intent_client_secret": intent["client_secret"],
            "redirect_status": "failed" if intent["status"] == "requires_payment_method" else "succeeded",
        }
    )
    return f"{return_url}{'&' if urlsplit(return_url).query else '?'}{result}"
