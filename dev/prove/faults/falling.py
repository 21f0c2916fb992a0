"""Processes that fall: one after the other while orders are placed, or with work in their hands."""

import asyncio
import time
from collections.abc import Sequence
from random import Random
from typing import Any

from dev.prove.stage import Stage
from dev.prove.trade import CARD, DECLINED_CARD, Market

POLL_SECONDS = 0.02
IN_HAND_SECONDS = 0.4
"""How long a server is held back, so that what was asked of it is under way when its caller falls."""


def mostly_paid(rng: Random) -> dict[str, Any]:
    """A card that is good nine times in ten."""
    return rng.choices([CARD, DECLINED_CARD], [9, 1])[0]


class Falls:
    """Kills ``victims`` in turn, spread evenly over ``orders`` orders; ``last_at`` is when the last one fell."""

    def __init__(self, stage: Stage, victims: Sequence[str], orders: int) -> None:
        self._stage = stage
        self._victims = victims
        self._orders = orders
        self.placed = 0
        self.last_at = 0.0

    def note(self, placed: int) -> None:
        """Hears how many orders are placed."""
        self.placed = placed

    async def run(self) -> None:
        """Returns once every victim has fallen."""
        for number, victim in enumerate(self._victims, 1):
            await self.until_placed(number * self._orders / (len(self._victims) + 1))
            await self.kill(victim)
            self._stage.progress("killed", number, len(self._victims))

    async def until_placed(self, orders: float) -> None:
        """Returns when so many orders are placed."""
        while self.placed < orders:
            await asyncio.sleep(POLL_SECONDS)

    async def kill(self, victim: str) -> None:
        """`kill -9`, now."""
        await self._stage.suite.kill(victim)
        self.last_at = time.monotonic()
        self._stage.count(f"kill -9 of {victim}")


async def fall_with_work(stage: Stage, market: Market, *, server: str, service: str, orders: int = 4) -> float:
    """Kills a service while it waits for a server that holds its work back; returns when (monotonic seconds)."""
    goods = market.house.goods
    baskets = [[(stage.rng.choice(goods), 1)] for _ in range(orders)]
    if server == "rabbitmq":
        held = await stage.suite.freeze(server)
        # Accepted, for they are stored. The first few reach the broker's socket, which outlives the sender; behind
        # them nothing leaves while their confirms are awaited.
        for lines in [*baskets, *baskets, *baskets]:
            await market.place(lines, CARD)
    else:
        await asyncio.gather(*(market.place(lines, CARD) for lines in baskets))
        held = await stage.suite.freeze(server)
    await asyncio.sleep(IN_HAND_SECONDS)
    await stage.suite.kill(service)
    at = time.monotonic()
    stage.count(f"kill -9 of {service} with work in hand")
    stage.suite.thaw(held)
    return at
