"""The page that shows what was sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from dev.sandbox.page import document, money

Rows = list[dict[str, Any]]

_GOOD = ("succeeded", "delivered", "completed")
_BAD = ("failed", "canceled", "requires_payment_method", "undelivered")


@dataclass(frozen=True)
class Overview:
    """What the page shows."""

    counts: dict[str, Any]
    payments: Rows
    refunds: Rows
    webhooks: Rows
    mails: Rows
    orders: Rows
    messages: Rows
    pushes: Rows
    callbacks: Rows
    faults: dict[str, Any]
    rules: Rows


def render(shown: Overview) -> str:
    """The page as HTML."""
    content = (
        "<header><h1>Provider sandbox</h1>"
        '<span class="soft">A local stand-in: no money moves, no mail leaves. '
        '<a href="/">Refresh</a></span></header>'
        + _tiles(shown.counts)
        + _faults(shown.faults)
        + _rules(shown.rules)
        + _table(
            "Payments",
            ("Intent", "Status", "Amount", "Card", "Idempotency key", "Made"),
            map(_payment, shown.payments),
            number=2,
        )
        + _table(
            "Refunds",
            ("Refund", "Status", "Amount", "Payment", "Idempotency key", "Made"),
            map(_refund, shown.refunds),
            number=2,
        )
        + _table(
            "Webhooks",
            ("Event", "State", "Attempts", "Last answer", "About", "Sent to"),
            map(_webhook, shown.webhooks),
            number=2,
        )
        + _table(
            "PayPal orders",
            ("Order", "Status", "Amount", "Payments", "Request id", "Made"),
            map(_order, shown.orders),
            number=2,
        )
        + _table("Mails", ("Mail", "To", "Message-ID", "Received"), map(_mail, shown.mails))
        + _table("Text messages", ("Text", "To", "Status", "SID", "Sent"), map(_text, shown.messages))
        + _table("Push messages", ("Push", "To", "Name", "Sent"), map(_push, shown.pushes))
        + _table(
            "Sent back by PayPal and Twilio",
            ("Event", "State", "Attempts", "Last answer", "About", "Sent to"),
            map(_webhook, shown.callbacks),
            number=2,
        )
    )
    return document("Provider sandbox", content)


def _tiles(counts: dict[str, Any]) -> str:
    waiting = counts["webhooks"]["pending"]
    tiles = [
        ("payments", f"{counts['paymentIntents']['total']:,}"),
        ("captured", _sums(counts["capturedMinor"])),
        ("refunded", _sums(counts["refundedMinor"])),
        ("webhooks delivered", f"{counts['webhooks']['delivered']:,}"),
        ("webhooks waiting", f"{waiting:,}"),
        ("mails", f"{counts['mails']:,}"),
        ("text messages", f"{counts['messages']['total']:,}"),
        ("push messages", f"{counts['pushes']:,}"),
        ("PayPal captured", _sums(counts["paypalCapturedMinor"])),
        ("answers repeated", f"{counts['idempotentReplays']:,}"),
    ]
    cells = "".join(
        f'<div class="tile"><b>{escape(value)}</b><span class="soft">{escape(name)}</span></div>'
        for name, value in tiles
    )
    return f'<div class="tiles">{cells}</div>'


def _sums(minor: dict[str, int]) -> str:
    return ", ".join(money(amount, currency) for currency, amount in minor.items() if amount) or "0"


def _faults(faults: dict[str, Any]) -> str:
    active = [f"{name} = {str(value).lower()}" for name, value in faults.items() if value]
    if not active:
        return ""
    return f'<div class="card notice"><b>Faults in force</b><p>{escape(", ".join(active))}</p></div>'


def _rules(rules: Rows) -> str:
    if not rules:
        return ""
    said = [" ".join(f"{name} {value}" for name, value in rule.items() if name != "id") for rule in rules]
    lines = "".join(f"<p>{escape(each)}</p>" for each in said)
    return f'<div class="card notice"><b>Rules in force</b>{lines}</div>'


def _table(title: str, columns: Sequence[str], rows: Iterable[list[str]], *, number: int | None = None) -> str:
    classes = [' class="number"' if place == number else "" for place in range(len(columns))]
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(classes, row, strict=True)) + "</tr>"
        for row in rows
    )
    if not body:
        return f'<h2>{escape(title)}</h2><div class="scroll"><div class="empty">None so far.</div></div>'
    head = "".join(f'<th scope="col"{kind}>{escape(name)}</th>' for kind, name in zip(classes, columns, strict=True))
    return (
        f'<h2>{escape(title)}</h2><div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _payment(payment: dict[str, Any]) -> list[str]:
    cards = [charge["card"] for charge in payment["charges"]]
    error = payment["error"]
    reason = f'<br><span class="soft">{escape(error["declineCode"] or error["code"])}</span>' if error else ""
    return [
        _code(payment["id"]),
        _state(payment["status"]) + reason,
        escape(money(payment["amount"], payment["currency"])),
        escape(cards[-1]) if cards else "–",
        _code(payment["idempotency_key"]),
        _time(payment["created"]),
    ]


def _refund(refund: dict[str, Any]) -> list[str]:
    return [
        _code(refund["id"]),
        _state(refund["status"]),
        escape(money(refund["amount"], refund["currency"])),
        _code(refund["payment_intent"]),
        _code(refund["idempotency_key"]),
        _time(refund["created"]),
    ]


def _webhook(webhook: dict[str, Any]) -> list[str]:
    answer = webhook["lastError"] or webhook["lastStatus"]
    return [
        escape(webhook["type"]),
        _state(webhook["state"]),
        str(webhook["attempts"]),
        escape(str(answer)) if answer else "–",
        _code(webhook["subject"]),
        _code(webhook["url"]),
    ]


def _mail(mail: dict[str, Any]) -> list[str]:
    text = escape((mail["text"] or mail["html"] or "")[:4_000])
    subject = escape(mail["subject"] or "(no subject)")
    return [
        f"<details><summary>{subject}</summary><pre>{text}</pre></details>",
        escape(", ".join(mail["to"])),
        _code(mail["messageId"]),
        _time(mail["receivedAt"]),
    ]


def _order(order: dict[str, Any]) -> list[str]:
    amounts = [f"{unit['amount']['value']} {unit['amount']['currency_code']}" for unit in order["purchaseUnits"]]
    payments = [f"{payment['kind']} {payment['status'].lower()}" for payment in order["payments"]]
    return [
        _code(order["id"]),
        _state(order["status"].lower()),
        escape(", ".join(amounts)),
        escape(", ".join(payments)) or "–",
        _code(order["requestId"]),
        _time(order["createdAt"]),
    ]


def _text(text: dict[str, Any]) -> list[str]:
    reason = f" ({text['errorCode']})" if text["errorCode"] else ""
    return [
        escape(text["body"]) or "–",
        _code(text["to"]),
        _state(text["status"]) + reason,
        _code(text["sid"]),
        _time(text["createdAt"]),
    ]


def _push(push: dict[str, Any]) -> list[str]:
    notification = push["notification"] or {}
    title, body = str(notification.get("title", "")), str(notification.get("body", ""))
    address = push.get("token") or push.get("topic") or push.get("condition")
    return [f"<b>{escape(title)}</b><br>{escape(body)}", _code(address), _code(push["name"]), _time(push["sentAt"])]


def _code(value: str | None) -> str:
    return f"<code>{escape(value)}</code>" if value else "–"


def _state(status: str) -> str:
    kind = "good" if status in _GOOD else "bad" if status in _BAD else "wait"
    return f'<span class="{kind}">{escape(status.replace("_", " "))}</span>'


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f'<time datetime="{moment.isoformat()}">{moment:%Y-%m-%d %H:%M:%S}</time>'
