"""The texts of messages, by type. Values are set in as plain text; nothing in them is interpreted."""

from dataclasses import dataclass
from string import Template

from common.money import Money, exponent


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
    "welcome": ("Welcome to $company", "Hello $name,\n\nyour account at $company is ready.\n"),
    "invitation": (
        "You are invited to work with $company",
        "Hello $name,\n\n$company has invited you. Sign in to accept the invitation.\n",
    ),
    "stock_alert": ("$sku: $state", "$sku is $state.\n\nAvailable: $available\nThreshold: $threshold\n"),
    "debt_overdue": ("A debt of $amount is overdue", "$debtor owes $amount since $due.\n"),
}

REASONS = {
    "out_of_stock": "an article is out of stock",
    "payment_failed": "the payment did not succeed",
    "expired": "it was not paid in time",
    "customer": "you asked for it",
    "staff": "the shop cancelled it",
}


def render(message_type: str, **values: str) -> Text:
    """The text of a message. Raises KeyError for a value that the text needs and did not get."""
    subject, body = _TEXTS[message_type]
    line = Template(subject).substitute(values)
    return Text(subject=" ".join(line.split())[:200], body=Template(body).substitute(values))


def amount(money: Money) -> str:
    """Money for people, such as ``12.50 GBP`` or ``300 JPY``."""
    digits = exponent(money.currency)
    if digits == 0:
        return f"{money.amount} {money.currency}"
    sign = "-" if money.amount < 0 else ""
    major, minor = divmod(abs(money.amount), 10**digits)
    return f"{sign}{major}.{minor:0{digits}} {money.currency}"
