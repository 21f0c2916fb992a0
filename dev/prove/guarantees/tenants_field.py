"""One company under whose name everything is tried, and another that must not notice."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from dev.home import Home
from dev.prove.stage import Stage
from dev.prove.suite import ProvedSuite
from dev.provision.environments import database_prefix
from dev.walk.callers import ADMIN, Caller
from dev.walk.forging import Forge
from dev.walk.ledger import digest
from dev.walk.world import World

KINDS = ("product", "category", "order", "paid_order", "payment", "sale", "debt", "role", "cart", "notification")
"""What both companies have, so that there is something to be shown."""

ALWAYS = ("/api/orders", "/api/products", "/api/payments", "/api/inventory/v1/products")
SOME = (
    "/api/customers",
    "/api/debts",
    "/api/users",
    "/api/keys",
    "/api/roles",
    "/api/shops",
    "/api/audit/events",
    "/api/notifications",
    "/api/pos/sales",
    "/api/inventory/v1/movements",
    "/api/payments/ledger/entries",
)
LOOKS_ALIKE = 3
LOOKS = 60
LOOK_SECONDS = 0.4

Headers = Mapping[str, str] | list[tuple[str, str]]


@dataclass(slots=True)
class Field:
    """``own`` attacks, ``foreign`` is attacked, through ``lists`` among others; what leaked, and what was not
    refused as it should be."""

    stage: Stage
    own: World
    foreign: World
    who: dict[str, Caller]
    forge: Forge
    http: httpx2.AsyncClient
    lists: tuple[str, ...] = ()
    leaks: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def suite(self) -> ProvedSuite:
        """What is attacked."""
        return self.stage.suite

    @property
    def home(self) -> Home:
        """Its home."""
        return self.stage.suite.home

    @property
    def token(self) -> str:
        """The access token of the attacking company's admin."""
        return self.who[ADMIN].headers["Authorization"].removeprefix("Bearer ")

    @property
    def bearer(self) -> dict[str, str]:
        """The same as a header."""
        return dict(self.who[ADMIN].headers)

    async def prepare(self) -> None:
        """Both companies get one of everything."""
        self.lists = (*ALWAYS, *self.stage.rng.sample(SOME, self.stage.pick(3, len(SOME))))
        await asyncio.gather(*(world.id_of(kind) for world in (self.own, self.foreign) for kind in KINDS))

    async def attempt(
        self, what: str, method: str, url: str, headers: Headers, expected: Collection[int] = (), **arguments: Any
    ) -> httpx2.Response:
        """One call, judged: it must answer as ``expected`` where that is said, and never show the other company."""
        answer = await self.http.request(method, url, headers=headers, **arguments)
        self.stage.count("forged calls")
        told = f"{what}: {answer.status_code} {answer.text[:120]}"
        if expected and answer.status_code not in expected:
            self.wrong.append(told)
        if self.shows(answer.text, f"{url} {headers} {arguments}"):
            self.leaks.append(told)
        return answer

    def shows(self, text: str, sent: str = "") -> bool:
        """Whether a text tells anything of the other company that was not in what was sent."""
        return any(mark in text and mark not in sent for mark in (self.foreign.mark, *self.foreign.made))

    async def at_rest(self) -> dict[str, str]:
        """A hash of every document of the other company, once several looks agree."""
        before: dict[str, str] = {}
        alike = 0
        for _ in range(LOOKS):
            now = await asyncio.to_thread(
                digest, self.suite.mongo_url, database_prefix(), self.foreign.known("company")
            )
            alike = alike + 1 if now == before else 0
            if alike == LOOKS_ALIKE:
                break
            before = now
            await asyncio.sleep(LOOK_SECONDS)
        return before
