"""Identifiers: a type prefix and a time-sortable part, ``ord_01j…`` (the ULID layout, lower case)."""

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32


def sortable_part() -> str:
    """26 characters: 48 bits of milliseconds, then 80 random bits from the system (safe after a fork)."""
    value = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10))
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def new_id(prefix: str) -> str:
    """A fresh identifier such as ``ord_01jd…``."""
    return f"{prefix}_{sortable_part()}"
