"""Card numbers never belong in a field of ours: they are recognised and refused before anything is stored."""

import re

SHORTEST_CARD_NUMBER = 13

_RUN = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")

_NETWORK = re.compile(
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}"
)
"""Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay."""


def holds_card_number(text: str) -> bool:
    """Whether ``text`` holds 13 to 19 digits, perhaps grouped, with a valid check digit (ISO/IEC 7812)."""
    return any(_luhn([int(each) for each in found if each.isdigit()]) for found in _RUN.findall(text))


_OWN_ID = re.compile(r"\b[a-z]{2,4}_[0-9a-z]{26}\b")
"""Ids of ours: one in some hundred thousand has digits in a row that would do for a card."""


def names_card(text: str) -> bool:
    """As :func:`holds_card_number`, of the card networks' own prefixes and lengths only.

    For fields that were not made for payments: a tracking number or a code of goods is seldom taken for a card's.
    """
    runs = ("".join(filter(str.isdigit, found)) for found in _RUN.findall(_OWN_ID.sub(" ", text)))
    return any(_NETWORK.fullmatch(run) and _luhn([int(digit) for digit in run]) for run in runs)


def _luhn(digits: list[int]) -> bool:
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0 and any(digits)
