"""The texts of messages, by kind. Values are set in as plain text; nothing in them is interpreted."""

import re
from dataclasses import dataclass
from html import escape
from string import Template

from common.money import Money, exponent

SMS_LENGTH = 480
"""Three parts of a long text message."""


@dataclass(frozen=True, slots=True)
class Text:
    """A subject line and a body, ready to send."""

    subject: str
    body: str


_TEXTS: dict[str, tuple[str, str]] = {
    "order_confirmation": (
        "Your order $number is confirmed",
        "Thank you for your order $number.\n\n$lines\n\nTotal: $total\n\n$company",
    ),
    "order_cancelled": (
        "Your order $number was cancelled",
        "Your order $number over $total was cancelled: $reason.\nWhatever you have paid is returned.\n\n$company",
    ),
    "order_shipped": (
        "Your order $number is on its way",
        "A parcel of your order $number has left us.\n\n$lines\n\nTracking: $tracking\n\n$company",
    ),
    "order_delivered": (
        "Your order $number has arrived",
        "Your order $number was delivered. We hope you like it.\n\n$company",
    ),
    "payment_failed": (
        "Your payment for order $number did not succeed",
        "We could not take $amount for your order $number: $reason.\n\n"
        "Your order is kept for you. Pay another way here:\n$url\n\n$company",
    ),
    "refund_issued": (
        "We have refunded $amount",
        "$amount of your order $number is on its way back to you. Your bank may need a few days.\n\n$company",
    ),
    "debt_notice": (
        "A payment of $amount is overdue",
        "$amount has been due since $due. Please pay it soon, or write to us if you already have.\n\n$company",
    ),
    "till_receipt": ("Your receipt $number", "Thank you for your visit.\n\n$text"),
    "welcome": ("Welcome to $company", "Hello $name,\n\nyour account at $company is ready.\n"),
    "password_reset": (
        "Choose a new password",
        "Hello $name,\n\nsomebody asked for a new password for this address. Choose it here:\n$url\n\n"
        "Code: $token\nValid until $expires. If it was not you, ignore this mail: nothing has changed.\n",
    ),
    "email_verification": (
        "Confirm your address",
        "Hello $name,\n\nconfirm that this address is yours:\n$url\n\nCode: $token\nValid until $expires.\n",
    ),
    "email_change": (
        "Confirm your new address",
        "Hello $name,\n\nconfirm that your account moves to this address:\n$url\n\n"
        "Code: $token\nValid until $expires. Until then the old one stays.\n",
    ),
    "account_locked": (
        "Your account was locked",
        "Hello $name,\n\nthere were too many wrong passwords, so signing in is locked for a while. Unlock it here:\n"
        "$url\n\nCode: $token\nValid until $expires. If it was not you, choose a new password.\n",
    ),
    "invitation": (
        "You are invited to work with $company",
        "Hello $name,\n\n$company has invited you. Accept the invitation here:\n$url\n\n"
        "Code: $token\nValid until $expires.\n",
    ),
    "stock_alert": ("$sku: $state", "$sku is $state.\n\nAvailable: $available\nThreshold: $threshold\n"),
    "debt_overdue": ("A debt of $amount is overdue", "$debtor owes $amount since $due.\n"),
    "test": ("A test message of $company", "This is a test. If you can read it, the channel works.\n\n$company"),
}

LINK_SUBJECTS = {
    kind: _TEXTS[kind][0]
    for kind in ("password_reset", "email_verification", "email_change", "account_locked", "invitation")
}
"""Kinds whose body holds a secret and is written only when it leaves."""

REASONS = {
    "out_of_stock": "an article is out of stock",
    "payment_failed": "the payment did not succeed",
    "expired": "it was not paid in time",
    "customer": "you asked for it",
    "staff": "the shop cancelled it",
}

DECLINES = {
    "insufficient_funds": "there is not enough money on the account",
    "expired_card": "the card has expired",
    "incorrect_cvc": "the security code was not right",
    "lost_card": "the card cannot be used",
    "stolen_card": "the card cannot be used",
}

_ADDRESS = re.compile(r"https?://[^\s<>\"']+")
_OF_AN_ADDRESS = re.compile(r"[/:@\\]|\.(?=\w)")
LONGEST_NAME = 80


def render(kind: str, **values: str) -> Text:
    """The text of a message. Raises KeyError for a value that the text needs and did not get."""
    subject, body = _TEXTS[kind]
    return Text(subject=one_line(Template(subject).substitute(values)), body=Template(body).substitute(values))


def greeted(name: str | None) -> str:
    """A person's name as a mail shows it: whoever signs up chooses both the name and whom it is mailed to.

    One line, and nothing in it of which a reader makes a link.
    """
    plain = _OF_AN_ADDRESS.sub(lambda found: ". " if found.group() == "." else " ", name or "")
    return " ".join(plain.split())[:LONGEST_NAME]


def one_line(text: str) -> str:
    """A subject: one line, at most 200 characters, so that no value can add a header."""
    return " ".join(text.split())[:200]


def subject_of(kind: str, **values: str) -> str:
    """The subject alone, for a message whose body is written later."""
    return one_line(Template(_TEXTS[kind][0]).substitute(values))


def as_html(body: str) -> str:
    """The body for mail readers: every character of it is text, and only web addresses become links."""
    paragraphs = [part for part in body.strip().split("\n\n") if part]
    shown = "".join(f"<p>{_linked(part)}</p>" for part in paragraphs)
    return f'<!doctype html><html><body style="font-family:sans-serif;line-height:1.5">{shown}</body></html>'


def as_sms(text: Text) -> str:
    """The whole message as one short text."""
    lines = " ".join(line for line in text.body.splitlines() if line)
    return lines if len(lines) <= SMS_LENGTH else lines[: SMS_LENGTH - 1] + "…"


def amount(money: Money) -> str:
    """Money for people, such as ``12.50 GBP`` or ``300 JPY``."""
    digits = exponent(money.currency)
    if digits == 0:
        return f"{money.amount} {money.currency}"
    sign = "-" if money.amount < 0 else ""
    major, minor = divmod(abs(money.amount), 10**digits)
    return f"{sign}{major}.{minor:0{digits}} {money.currency}"


def _linked(part: str) -> str:
    pieces, at = [], 0
    for found in _ADDRESS.finditer(part):
        address = escape(found.group())
        pieces += [escape(part[at : found.start()]), f'<a href="{address}">{address}</a>']
        at = found.end()
    return "".join([*pieces, escape(part[at:])]).replace("\n", "<br>")
