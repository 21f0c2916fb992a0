"""PayPal's amounts: decimal strings, made from minor units and read back without a float in between."""

import re
from typing import Any

from common.money import Money, exponent

WHOLE_ONLY = frozenset({"HUF", "JPY", "TWD"})
"""Currencies that PayPal takes without decimals, two of which have them by ISO 4217."""

_EUROPE = ("CHF", "CZK", "DKK", "EUR", "GBP", "HUF", "NOK", "PLN", "SEK")
_ELSEWHERE = ("AUD", "BRL", "CAD", "CNY", "HKD", "ILS", "JPY", "MXN", "MYR", "NZD", "PHP", "SGD", "THB", "TWD", "USD")
TAKEN = frozenset((*_EUROPE, *_ELSEWHERE))
"""https://developer.paypal.com/api/rest/reference/currency-codes/"""

_VALUE = re.compile(r"(\d{1,15})(?:\.(\d{1,4}))?")


class AmountRefused(ValueError):
    """PayPal cannot carry this amount; the argument is a machine word."""


def to_paypal(money: Money) -> dict[str, str]:
    """The amount as PayPal writes it. Raises AmountRefused."""
    if money.currency not in TAKEN:
        raise AmountRefused("currency_not_supported")
    places = exponent(money.currency)
    whole, part = divmod(money.amount, 10**places)
    if money.currency in WHOLE_ONLY:
        if part:
            raise AmountRefused("amount_not_whole")
        value = str(whole)
    else:
        value = f"{whole}.{part:0{places}d}" if places else str(whole)
    return {"currency_code": money.currency, "value": value}


def to_minor(told: Any) -> int:
    """Minor units of an amount that PayPal wrote. Raises ValueError where it is none."""
    found = _VALUE.fullmatch(str(told["value"]))
    if found is None:
        raise ValueError("not an amount")
    places = exponent(str(told["currency_code"]))
    part = (found[2] or "").ljust(places, "0")
    if part[places:].strip("0"):
        raise ValueError("finer than its currency")
    factor: int = 10**places
    return int(found[1]) * factor + int(part[:places] or "0")
