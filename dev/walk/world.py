"""Two companies with everything in them, made through the gateway as their people would."""

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from dev.trading import Api

ADDRESS = {"name": "A Buyer", "line1": "1 Row", "city": "Berlin", "postalCode": "10115", "country": "DE"}
PASSWORD = "Correct-Horse-77"
SETTLED_SECONDS = 60.0
OPENING_STOCK = 100_000

Maker = Callable[["World"], Awaitable[str]]


class NotMade(Exception):
    """Something that the walk needs did not come about in time."""


@dataclass(slots=True)
class World:
    """One company. ``mark`` stands in every text of it, so that a leak shows; ``ids`` holds what was made."""

    base_url: str
    mark: str
    platform: Api
    admin: Api
    manager: Api
    staff: Api
    customer: Api
    other_customer: Api
    platform_login: tuple[str, str]
    ids: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    makers: dict[str, Maker] = field(default_factory=dict)
    making: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def id_of(self, kind: str, *, fresh: bool = False) -> str:
        """The id of the company's resource of this kind; made at its first use, or anew."""
        async with self.making[kind]:
            if not fresh and kind in self.ids:
                return self.ids[kind]
            made = await self.makers[kind](self)
            self.made.add(made)
            self.ids.setdefault(kind, made)
            return made

    def known(self, kind: str) -> str:
        """The id of a resource that was made before."""
        return self.ids[kind]

    def text(self) -> str:
        """A text that nobody else has, with the company's mark in it."""
        return f"{self.mark}-{secrets.token_hex(4)}"

    async def close(self) -> None:
        """Close the connections of the company's people."""
        for api in (self.platform, self.admin, self.manager, self.staff, self.customer, self.other_customer):
            await api.__aexit__()


async def until(ask: Callable[[], Awaitable[Any]], holds: Callable[[Any], object]) -> Any:
    """Ask until it holds. Raises NotMade at the deadline."""
    end = time.monotonic() + SETTLED_SECONDS
    while True:
        answer = await ask()
        if holds(answer):
            return answer
        if time.monotonic() > end:
            raise NotMade(f"did not come about; last answer: {answer}")
        await asyncio.sleep(0.05)


def eur(amount: int) -> dict[str, Any]:
    """Euros, in cents."""
    return {"amount": amount, "currency": "EUR"}
