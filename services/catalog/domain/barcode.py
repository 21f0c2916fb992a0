"""Global Trade Item Numbers, with the check digit of the GS1 General Specifications (section 7.9)."""

GTIN_LENGTHS = (8, 12, 13, 14)


def is_gtin(code: str) -> bool:
    """Whether ``code`` is a GTIN-8, -12, -13 or -14 whose check digit is right."""
    if len(code) not in GTIN_LENGTHS or not (code.isascii() and code.isdigit()):
        return False
    return check_digit(code[:-1]) == int(code[-1])


def check_digit(payload: str) -> int:
    """The digit that completes ``payload``: from the right, weights 3 and 1 in turn, up to the next ten."""
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(payload)))
    return -weighted % 10
