"""Card numbers never belong in a field of ours: they are recognised and refused before anything is stored."""

import re

_RUN = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")


def holds_card_number(text: str) -> bool:
    """Whether ``text`` holds 13 to 19 digits, perhaps grouped, with a valid check digit (ISO/IEC 7812)."""
    return any(_luhn([int(each) for each in found if each.isdigit()]) for found in _RUN.findall(text))


def _luhn(digits: list[int]) -> bool:
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0 and any(digits)
