"""The buyer's page at PayPal, where an order is approved or left; `POST` with JSON does it for a test."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from dev.sandbox.page import SAFE_HEADERS, document, money
from dev.sandbox.paypal import orders, vault
from dev.sandbox.paypal.amounts import kept_amount
from dev.sandbox.paypal.ledger import Ledger
from dev.sandbox.paypal.refusals import Json
from dev.sandbox.requests import from_elsewhere, read_body
from dev.sandbox.storage import Storage

OUTCOMES = {"approve": "pays", "decline": "declined", "pending": "pending", "deny": "denied"}
"""What the buyer may do beside `cancel`, and how the bank answers then."""
_BUTTONS = (
    ("approve", "Pay", ' class="main"'),
    ("decline", "Pay with a card that is declined", ""),
    ("pending", "Pay, under review for a second", ""),
    ("deny", "Pay, refused after the review", ""),
    ("cancel", "Cancel and return", ""),
)


@dataclass(frozen=True)
class Shown:
    """An order as its buyer's page sees it."""

    order: Json
    return_url: str | None
    cancel_url: str | None
    open: bool


@dataclass(frozen=True)
class Buyer:
    """The page and its answer; `wake` says that webhooks may be due."""

    storage: Storage
    now: Callable[[], float]
    public_url: str
    wake: Callable[[], None]

    def routes(self) -> list[Route]:
        """For the application's router."""
        return [
            Route("/checkoutnow", self.page),
            Route("/checkoutnow", self.answer, methods=["POST"]),
            Route("/_sandbox/paypal/orders/{order}/{outcome}", self.answer_json, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """What PayPal shows."""
        shown = await self._find(request.query_params.get("token", ""))
        return _page(shown, 404 if shown is None else 200)

    async def answer(self, request: Request) -> Response:
        """`outcome` of the form, then back to the shop with `token` and `PayerID`."""
        outcome = parse_qs((await read_body(request)).decode("utf-8", "replace")).get("outcome", [""])[0]
        shown = await self._find(request.query_params.get("token", ""))
        if shown is None:
            return _page(None, 404)
        if not shown.open or outcome not in (*OUTCOMES, "cancel"):
            return _page(shown, 409)
        if outcome == "cancel":
            return _back(shown.cancel_url, token=shown.order["id"]) or _page(shown, 200)
        answered = await self._approve(shown.order["id"], OUTCOMES[outcome])
        back = _back(shown.return_url, token=shown.order["id"], PayerID=str(vault.BUYER["payer_id"]))
        return back or _page(answered, 200)

    async def answer_json(self, request: Request) -> Response:
        """The same for tests: 200 with the order's status and where the browser would be sent."""
        order_id, outcome = request.path_params["order"], request.path_params["outcome"]
        shown = await self._find(order_id)
        if from_elsewhere(request):
            return JSONResponse({"error": "cross-site request"}, 403)
        if shown is None or outcome not in (*OUTCOMES, "cancel"):
            return JSONResponse({"error": "no such order or outcome"}, 404)
        if not shown.open:
            return JSONResponse({"error": f"the order is {shown.order['status']}"}, 409)
        if outcome == "cancel":
            return JSONResponse({"status": shown.order["status"], "redirect": _with(shown.cancel_url, token=order_id)})
        answered = await self._approve(order_id, OUTCOMES[outcome])
        payer = str(vault.BUYER["payer_id"])
        redirect = _with(shown.return_url, token=order_id, PayerID=payer)
        status = answered.order["status"] if answered else None
        return JSONResponse({"status": status, "payerId": payer, "redirect": redirect})

    async def _find(self, order_id: str) -> Shown | None:
        return await self.storage.run(lambda db: self._shown(db, order_id))

    async def _approve(self, order_id: str, funding: str) -> Shown | None:
        def decide(db: sqlite3.Connection) -> Shown | None:
            ledger, shown = self._ledger(db, order_id), self._shown(db, order_id)
            # Another tab may have been faster: then this one shows what became of the order.
            if ledger is not None and shown is not None and shown.open:
                orders.approve(ledger, order_id, funding=funding)
            return self._shown(db, order_id)

        answered = await self.storage.run(decide)
        self.wake()
        return answered

    def _shown(self, db: sqlite3.Connection, order_id: str) -> Shown | None:
        ledger = self._ledger(db, order_id)
        if ledger is None:
            return None
        order, hidden = ledger.get("order", order_id), ledger.hidden(order_id)
        return Shown(order, hidden.get("return_url"), hidden.get("cancel_url"), orders.can_be_approved(ledger, order))

    def _ledger(self, db: sqlite3.Connection, order_id: str) -> Ledger | None:
        row = db.execute("SELECT account FROM paypal_objects WHERE id = ? AND kind = 'order'", (order_id,)).fetchone()
        return None if row is None else Ledger(db, row["account"], self.now(), self.public_url)


def _back(url: str | None, **result: str) -> Response | None:
    target = _with(url, **result)
    return None if target is None else RedirectResponse(target, 303, {"Referrer-Policy": "no-referrer"})


def _with(url: str | None, **result: str) -> str | None:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(result)}" if url else None


def _page(shown: Shown | None, status: int) -> Response:
    content = "<p>There is no such order.</p>" if shown is None else _content(shown)
    framed = f'<div class="narrow"><div class="card">{content}</div></div>'
    return HTMLResponse(document("PayPal (sandbox)", framed), status, SAFE_HEADERS)


def _content(shown: Shown) -> str:
    amounts = [kept_amount(unit) for unit in shown.order["purchase_units"]]
    total = money(sum(amount.minor for amount in amounts), amounts[0].currency)
    head = f'<h1>PayPal (sandbox)</h1><p class="sum">{escape(total)}</p>'
    number = f'<p class="soft"><code>{escape(shown.order["id"])}</code></p>'
    if not shown.open:
        return f"{head}{number}<p>This order is {escape(shown.order['status'].lower())}. You can close this page.</p>"
    buttons = "".join(
        f'<button{kind} name="outcome" value="{value}">{label}</button>' for value, label, kind in _BUTTONS
    )
    return f'{head}{number}<form method="post">{buttons}</form>'
