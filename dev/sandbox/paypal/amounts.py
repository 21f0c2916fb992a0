"""PayPal's money: a decimal string and a currency, here always as minor units in between."""

import re
from dataclasses import dataclass
from typing import Any

from dev.sandbox.page import decimals
from dev.sandbox.paypal.refusals import Json, invalid, unprocessable

_VALUE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,3})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Amount:
    """So many minor units of a currency (upper case)."""

    minor: int
    currency: str

    @property
    def body(self) -> Json:
        """As PayPal writes it."""
        places = decimals(self.currency)
        whole, part = divmod(self.minor, 10**places)
        value = f"{whole}.{part:0{places}d}" if places else str(whole)
        return {"currency_code": self.currency, "value": value}


def read_amount(body: Any, field: str) -> Amount:
    """The amount in a request; raises Refusal where it is none, zero, or too fine for its currency."""
    if not isinstance(body, dict):
        raise invalid("MISSING_REQUIRED_PARAMETER", field)
    currency, value = body.get("currency_code"), body.get("value")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise invalid("INVALID_PARAMETER_SYNTAX", f"{field}/currency_code")
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise invalid("INVALID_PARAMETER_SYNTAX", f"{field}/value")
    whole, _, part = value.partition(".")
    places = decimals(currency)
    if len(part) > places:
        raise unprocessable("DECIMAL_PRECISION", field=f"{field}/value")
    minor = int(whole) * 10**places + int(part.ljust(places, "0") or "0")
    if minor == 0:
        raise unprocessable("CANNOT_BE_ZERO_OR_NEGATIVE", field=f"{field}/value")
    return Amount(minor, currency)


def kept_amount(body: Json) -> Amount:
    """The amount of an object that the sandbox wrote itself."""
    return read_amount(body["amount"], "amount")
