"""What one process keeps of its answers, and when it forgets them."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from starlette.types import Message

from common.clock import monotonic_seconds

LONGEST_SECONDS = 5.0
MOST_BYTES = 32 * 2**20
LARGEST_BYTES = 2**18

Key = tuple[str, str, bytes]
"""Company, path, query."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``generation`` is that of its company when it was asked for."""

    start: Message
    body: bytes
    route: Any
    generation: int
    until: float


class KeptAnswers:
    """The answers that one process keeps, at most ``MOST_BYTES``; whichever was not asked for longest goes first."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._bytes = 0
        self._generations: dict[str, int] = {}
        self._generation = 0

    def generation_of(self, company_id: str) -> int:
        """Changes whenever the company's answers are forgotten."""
        return self._generation + self._generations.get(company_id, 0)

    def forget(self, company_id: str) -> None:
        """Something that the company shows has changed; answers that are being made now are not kept, either."""
        self._generations[company_id] = self._generations.get(company_id, 0) + 1

    def forget_all(self) -> None:
        """As :meth:`forget`, for every company."""
        self._generation += 1

    def find(self, key: Key) -> Answer | None:
        """The answer, while it holds."""
        answer = self._answers.get(key)
        if answer is None:
            return None
        if answer.generation != self.generation_of(key[0]) or answer.until < monotonic_seconds():
            self._drop(key)
            return None
        self._answers.move_to_end(key)
        return answer

    def keep(self, key: Key, start: Message, body: bytes, route: Any, generation: int) -> None:
        """Keep an answer that was made since ``generation`` was read."""
        if len(body) > LARGEST_BYTES or generation != self.generation_of(key[0]):
            return
        self._drop(key)
        self._answers[key] = Answer(start, body, route, generation, monotonic_seconds() + LONGEST_SECONDS)
        self._bytes += len(body)
        while self._bytes > MOST_BYTES:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Key) -> None:
        answer = self._answers.pop(key, None)
        if answer is not None:
            self._bytes -= len(answer.body)
