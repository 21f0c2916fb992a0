"""A circuit breaker: after so many failures in a row a service is left alone for a moment, then tried by one call."""

from math import ceil

FAILURES = 5
OPEN_SECONDS = 2.0


class Breaker:
    """The state of one service, by the seconds of a clock that never jumps.

    A failure is a call that got no answer: refused, cut off, or too late. Any answer is a success.
    """

    __slots__ = ("_failures", "_is_probing", "_open_until")

    def __init__(self) -> None:
        self._failures = 0
        self._open_until = 0.0
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Whether calls are refused, but for the one that tries."""
        return self._failures >= FAILURES

    def enter(self, now: float) -> int | None:
        """None: send the call, and report how it went. Else the seconds after which to ask again."""
        if self._failures < FAILURES:
            return None
        if now < self._open_until:
            return max(1, ceil(self._open_until - now))
        if self._is_probing:
            return 1
        self._is_probing = True
        return None

    def succeeded(self) -> None:
        """The service answered."""
        self._failures = 0
        self._is_probing = False

    def failed(self, now: float) -> None:
        """The service did not answer."""
        self._failures += 1
        self._is_probing = False
        if self._failures >= FAILURES:
            self._open_until = now + OPEN_SECONDS

    def abandoned(self) -> None:
        """The caller went away before it was known: another call may try."""
        self._is_probing = False
