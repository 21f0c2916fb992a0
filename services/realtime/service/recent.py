"""What went out last, kept as the frames it went out in: those who come back together need not each read the stream."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

from services.realtime.domain.channels import ORDER_PREFIX
from services.realtime.domain.cursors import BEFORE_THE_FIRST, Place


@dataclass(frozen=True, slots=True)
class Sent:
    """One event as it stands on one channel; ``number`` is its turn."""

    place: Place
    number: int
    shop_id: str | None
    frame: str


class Recent:
    """The frames of every channel, bounded in bytes; nothing that stood after ``since`` is missing."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.clear(BEFORE_THE_FIRST)

    def clear(self, since: Place) -> None:
        """Begin anew: what comes stands after ``since``."""
        self.since = since
        self._bytes = self._count = 0
        self._turns: deque[tuple[str, str]] = deque()
        self._sent: dict[tuple[str, str], deque[Sent]] = defaultdict(deque)

    def keep(self, company_id: str, channel: str, place: Place, shop_id: str | None, frame: str) -> None:
        """Keep a frame, and let go of the oldest ones where they are too much."""
        self._count += 1
        self._bytes += len(frame)
        self._turns.append((company_id, channel))
        self._sent[company_id, channel].append(Sent(place, self._count, shop_id, frame))
        while self._bytes > self._most_bytes:
            key = self._turns.popleft()
            oldest = self._sent[key].popleft()
            self._bytes -= len(oldest.frame)
            self.since = oldest.place
            if not self._sent[key]:
                del self._sent[key]

    def after(
        self, place: Place, company_id: str, channels: Iterable[str], shop_ids: frozenset[str] | None
    ) -> list[str] | None:
        """The frames after ``place`` that one of the company's hears, in the feed's order; None for too long ago."""
        if place < self.since:
            return None
        found: list[Sent] = []
        for channel in channels:
            is_open = shop_ids is None or channel.startswith(ORDER_PREFIX)
            for sent in reversed(self._sent.get((company_id, channel), ())):
                if sent.place <= place:
                    break
                if is_open or (shop_ids and sent.shop_id in shop_ids):
                    found.append(sent)
        return [sent.frame for sent in sorted(found, key=lambda sent: sent.number)]
