"""What rules do to messages that are sent back: twice, newest first, later, or not at all."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from dev.sandbox.rules import CALLBACK_PREFIX, Rule, RuleBoard

GATHER_SECONDS = 0.3
LONGEST_GATHER_SECONDS = 2.0
LOOK_AGAIN_SECONDS = 0.02


class Sendable(Protocol):
    """A message that is due to be sent back."""

    @property
    def seq(self) -> int: ...

    @property
    def provider(self) -> str: ...

    @property
    def type(self) -> str: ...


S = TypeVar("S", bound=Sendable)


@dataclass(frozen=True)
class Plan(Generic[S]):
    """What to do with the messages that are due; `in_turn` says that their order counts."""

    send: list[S]
    later: list[tuple[S, float]]
    lost: list[S]
    in_turn: bool = False


class CallbackFaults:
    """Asks the rules about each message: once for delay and loss, at each sending for copies."""

    def __init__(self, rules: RuleBoard) -> None:
        self._rules = rules
        self._met: set[int] = set()

    async def plan(self, due: Callable[[], Awaitable[list[S]]]) -> Plan[S]:
        """The messages that are due, sorted by what the rules do to them."""
        batch = await due()
        later: list[tuple[S, float]] = []
        lost: list[S] = []
        for message in batch:
            rule = self._first(message)
            if rule is not None and rule.fault == "delay":
                later.append((message, rule.seconds or 0.0))
            elif rule is not None:
                lost.append(message)
        held = {message.seq for message in (*lost, *(each for each, _ in later))}
        send = [message for message in batch if message.seq not in held]
        reorder = self._take(send[0], ("reorder",)) if send else None
        if reorder is None:
            return Plan(send, later, lost)
        gathered = await self._gather(reorder, due, held)
        for message in gathered[1:]:
            self._take(message, ("reorder",))
        return Plan(gathered[::-1], later, lost, in_turn=True)

    def copies(self, message: Sendable) -> int:
        """How often to send it: twice where a rule says `duplicate`."""
        return 2 if self._take(message, ("duplicate",)) else 1

    def _first(self, message: Sendable) -> Rule | None:
        if message.seq in self._met:
            return None
        rule = self._take(message, ("delay", "drop_before"))
        if rule is not None:
            self._met.add(message.seq)
        return rule

    def _take(self, message: Sendable, faults: tuple[str, ...]) -> Rule | None:
        return self._rules.take(message.provider, CALLBACK_PREFIX + message.type, faults)

    async def _gather(self, rule: Rule, due: Callable[[], Awaitable[list[S]]], held: set[int]) -> list[S]:
        """Until as many wait as the rule had times, or its seconds are over; without times, for a moment."""
        wanted = None if rule.times is None else rule.times + 1
        seconds = rule.seconds or (GATHER_SECONDS if wanted is None else LONGEST_GATHER_SECONDS)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            batch = [message for message in await due() if message.seq not in held]
            if wanted is not None and len(batch) >= wanted:
                return batch[:wanted]
            if loop.time() >= deadline:
                return batch
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
