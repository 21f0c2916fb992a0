"""Identifiers: a type prefix and a time-sortable part, ``ord_01j…`` (the ULID layout, lower case)."""

import os
import time
from threading import Lock

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32
_RANDOM_BITS = 80
_STEP_BYTES = 4


class _Sequence:
    """Values that rise within a process: what is made in one millisecond sorts as it was made."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, as a fork must: it would go on where its siblings do."""
        self._lock = Lock()
        self._last = 0

    def next(self) -> int:
        """48 bits of milliseconds, then 80 random bits; a random step above the last within a millisecond."""
        now = time.time_ns() // 1_000_000
        with self._lock:
            if now > self._last >> _RANDOM_BITS:
                self._last = now << _RANDOM_BITS | int.from_bytes(os.urandom(10))
            else:
                self._last += 1 + int.from_bytes(os.urandom(_STEP_BYTES))
            return self._last


_sequence = _Sequence()
os.register_at_fork(after_in_child=_sequence.forget)


def sortable_part() -> str:
    """26 characters that sort by time, and in the order of making within one process."""
    value = _sequence.next()
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def new_id(prefix: str) -> str:
    """A fresh identifier such as ``ord_01jd…``."""
    return f"{prefix}_{sortable_part()}"
