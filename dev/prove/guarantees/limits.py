"""Row 22: one allowance over four gateways, with Redis and without."""

import time
from collections.abc import Awaitable, Callable

from dev.prove.load import Call, Flow, Told, offer
from dev.prove.rows import Kind, guarantee
from dev.prove.stage import Stage
from dev.prove.trade import found
from dev.prove.trade.house import register

GATEWAYS = 4
CONNECTIONS = 48
"""Enough that the kernel gives each gateway some."""

TOGETHER_SECONDS = 30.0
Headers = Callable[[], Awaitable[dict[str, str]]]
LIVE = "/health/live"


@guarantee(
    22, "rate limit",
    "4 gateways with one Redis give a caller its allowance within 1 %; without Redis each counts alone, at most 4 "
    "allowances and no failed call; together again by itself",
    kind=Kind.ROUGH,
)  # fmt: skip
async def one_allowance_over_four_gateways(stage: Stage) -> None:
    house = await found(stage.suite, "limits", goods=0)
    allowance = stage.pick(150, 2000)
    limit = {"MARKETHALL_READ_LIMIT": f"1/h;burst={allowance}"}
    await stage.suite.reconfigure("gateway", limit, copies=GATEWAYS)
    tries = Tries(stage, allowance)

    async def nobody() -> dict[str, str]:
        return {}

    async def somebody() -> dict[str, str]:
        house.customers.append(await register(stage.suite, house, len(house.customers)))
        return house.customers[-1].identity()

    await tries.shared("a visitor", nobody)
    await tries.shared("an account", somebody)
    await stage.suite.kill("redis")
    await stage.suite.stop("redis")
    await tries.alone("a visitor while Redis is away")
    await stage.suite.start("redis")
    await tries.shared("a visitor once Redis is back", nobody)
    await house.close()


class Tries:
    """Calls of one caller after the other, and how many of them were let through."""

    def __init__(self, stage: Stage, allowance: int) -> None:
        self._stage = stage
        self._allowance = allowance
        self._next_stranger = stage.rng.randrange(1, 200) * 256

    def stranger(self) -> str:
        """An address that was not seen before."""
        self._next_stranger += 1
        return f"127.1.{self._next_stranger >> 8}.{self._next_stranger & 255 or 1}"

    async def shared(self, who: str, headers: Headers) -> None:
        """A caller of all four gets one allowance.

        A gateway that Redis did not answer in time counts alone for a few seconds, which a starved machine brings
        about and a Redis that comes back: so this is asked again, with another caller, for a while.
        """
        began, error = time.monotonic(), float("inf")
        while error > 0.01 and time.monotonic() - began < TOGETHER_SECONDS:
            address = self.stranger()
            let_through = await self._exhaust(who, address, await headers(), self._allowance * 2)
            error = abs(let_through / self._allowance - 1)
        self._stage.at_most(f"{who}: error in %", 1.0, error * 100)
        self._stage.measure(f"{who}: seconds until that was shown", time.monotonic() - began)

    async def alone(self, who: str) -> None:
        """Each gateway counts for itself: the door stays open, by no more than an allowance a gateway."""
        let_through = await self._exhaust(who, self.stranger(), {}, self._allowance * GATEWAYS * 2)
        self._stage.at_most(f"{who}: allowances", GATEWAYS, let_through / self._allowance)
        self._stage.at_least(f"{who}: allowances, as several gateways are asked", 1.5, let_through / self._allowance)

    async def _exhaust(self, who: str, address: str, headers: dict[str, str], calls: int) -> int:
        """Calls until so many were answered; how many were let through."""
        call = Call("live", LIVE, headers=headers)
        flow = Flow("caller", (call,), clients=CONNECTIONS, addresses=(address,), patience_seconds=30.0)
        sent = let_through = 0
        while sent < calls:
            told = (await offer(self._stage.suite.gateway, [flow], seconds=0.7, seed=f"{sent}"))["caller"]
            self._judge(who, told)
            sent, let_through = sent + told.sent, let_through + told.good
            self._stage.progress(who, sent, calls)
        self._stage.count("calls", sent)
        return let_through

    def _judge(self, who: str, told: Told) -> None:
        if told.broken() or told.blunt or told.late:
            self._stage.check(f"{who}: failed calls", {}, told.broken())
            self._stage.check(f"{who}: refusals without Retry-After, late answers", (0, 0), (told.blunt, told.late))
