"""How many calls a service gets at a time: as many as it answers about as fast as when it is left in peace.

Additive increase, multiplicative decrease, by the mean of a window of answers against the mean of quiet windows
(the idea of TCP Vegas, and of the gradient limits of others): no figure of the machine has to be set.
"""

LEAST = 8
MOST = 512
FIRST = 32
WINDOW_ANSWERS = 25
WINDOW_SECONDS = 0.25
"""A window has so many answers, which took so long together: few where one takes long, many where it is quick."""

SLOWER = 2.0
"""So many times as slow as in peace is still well; ``GRACE_SECONDS`` on top, for what is answered at once."""

GRACE_SECONDS = 0.005
SHRINKS_AT_MOST = 0.7
"""One window takes away no more than this leaves."""

FORGETS, LEARNS = 0.02, 0.25
"""How far the memory of peace follows a window that was slower, and one that was faster: no handful of quick answers
makes all others look slow. It follows no slower one while the limit was reached, or overload would become peace."""


class Capacity:
    """The limit of one kind of calls of one service."""

    __slots__ = ("_answers", "_sum", "_was_full", "limit", "quiet_seconds")

    def __init__(self) -> None:
        self.limit = FIRST
        self.quiet_seconds = 0.0
        self._answers = 0
        self._sum = 0.0
        self._was_full = False

    def full(self) -> None:
        """The limit was reached in this window."""
        self._was_full = True

    def answered(self, seconds: float) -> None:
        """One answer took so long; at the end of a window the limit moves."""
        self._answers += 1
        self._sum += seconds
        if self._answers >= WINDOW_ANSWERS and self._sum >= WINDOW_SECONDS:
            self._move(self._sum / self._answers)
            self._answers, self._sum, self._was_full = 0, 0.0, False

    def _move(self, mean: float) -> None:
        if self.quiet_seconds == 0.0:
            self.quiet_seconds = mean
        elif mean < self.quiet_seconds:
            self.quiet_seconds += (mean - self.quiet_seconds) * LEARNS
        elif not self._was_full or self.limit == LEAST:
            self.quiet_seconds += (mean - self.quiet_seconds) * FORGETS
        well = self.quiet_seconds * SLOWER + GRACE_SECONDS
        if mean > well:
            self.limit = max(LEAST, int(self.limit * max(SHRINKS_AT_MOST, well / mean)))
        elif self._was_full:
            self.limit = min(MOST, self.limit + max(2, self.limit // 10))
