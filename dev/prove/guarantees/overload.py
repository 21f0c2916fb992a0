"""Row 31: ten times the load that the suite can take, most of it from one company; and a flood of sign-ins."""

from dataclasses import dataclass, replace

from dev.prove.guarantees.overload_customers import Customers, shopping, signing_in
from dev.prove.load import Flow, Told, offer
from dev.prove.rows import Kind, guarantee
from dev.prove.stage import Stage

UNLIMITED = {f"MARKETHALL_{kind}_LIMIT": "1000000/s" for kind in ("READ", "WRITE", "SIGN_IN", "SIGN_IN_TENANT", "KEY")}
"""Rate limits would keep most of it away; this row is about what they let through."""

TIMES = 10
QUIET_SHARE_OF_PEAK = 0.1
CLIENTS = 16
MOST_CONNECTIONS = 2048
SIGN_IN_CLIENTS = 8
OTHERS = 2


@dataclass(frozen=True, slots=True)
class Shown:
    """What the suite can take, and what it did when it got ten times that: each flow's outcome by its name."""

    peak: dict[str, Told]
    overload: dict[str, Told]

    def goodput(self, outcomes: dict[str, Told], *names: str) -> float:
        return sum(outcomes[name].goodput for name in names or outcomes)


@guarantee(
    31, "overload",
    "10 × the load it can take, nine tenths and more from one company, in a flash sale and in sign-ins: "
    "goodput ≥ 80 % of the peak, "
    "the rest refused with 503 or 429 and Retry-After, p99 of the other companies at most doubled",
    kind=Kind.LONE,
)  # fmt: skip
async def ten_times_the_load(stage: Stage) -> None:
    async with Customers(stage, OTHERS) as customers:
        await stage.suite.reconfigure("gateway", UNLIMITED)
        shops = await _shopping(stage, customers)
        _judge(stage, "shopping", shops, noisy="noisy", others=("others", "quiet"))
        before, after = (
            sum(each.calls["order"].goodput for each in told.values()) for told in (shops.peak, shops.overload)
        )
        stage.measure("shopping: orders taken at ten times as much, in % of the peak", after / max(before, 0.1) * 100)
        await customers.settled()
        sign_ins = await _signing_in(stage, customers)
        _judge(stage, "signing in", sign_ins, noisy="flood", others=("owners",))
        doubled = 2 * sign_ins.peak["browsing"].at(0.99) * 1000
        stage.at_most("browsing beside the flood of sign-ins: p99 in ms", doubled, _p99(sign_ins.overload["browsing"]))


async def _shopping(stage: Stage, customers: Customers) -> Shown:
    """The peak with as many customers as it takes, then ten times as many calls as were answered."""
    noisy, *others = customers.all
    busy = Flow("noisy", shopping(noisy), clients=CLIENTS)
    seconds, warm = stage.pick((8.0, 1.5), (12.0, 3.0))
    stage.progress("the peak", 0, 2)
    alone = await _offer(stage, [busy], seconds, warm)
    rate = alone["noisy"].goodput
    quiet = Flow("quiet", shopping(others[-1]), rate=rate * QUIET_SHARE_OF_PEAK)
    some = Flow("others", shopping(others[0]), rate=rate * QUIET_SHARE_OF_PEAK)
    peak = await _offer(stage, [busy, some, quiet], seconds, warm)
    rate = max(rate, sum(each.goodput for each in peak.values()))
    flood = Flow(
        "noisy",
        shopping(noisy),
        rate=rate * TIMES,
        connections=MOST_CONNECTIONS,
        addresses=noisy.addresses,
    )
    stage.progress("ten times as much", 1, 2)
    return Shown(peak, await _offer(stage, [flood, some, quiet], seconds, warm + 1.5))


async def _signing_in(stage: Stage, customers: Customers) -> Shown:
    """The same with passwords: others sign in and browse meanwhile."""
    noisy, *others = customers.all
    seconds, warm = stage.pick((4.0, 1.0), (12.0, 2.0))
    some = [
        Flow("owners", signing_in(others[0]), rate=6.0, addresses=others[0].addresses, patience_seconds=4.0),
        Flow("browsing", shopping(others[-1], orders=0.0), rate=25.0),
    ]
    busy = Flow("flood", signing_in(noisy), clients=SIGN_IN_CLIENTS, addresses=noisy.addresses, patience_seconds=4.0)
    peak = await _offer(stage, [busy, *some], seconds, warm)
    rate = (peak["flood"].goodput + peak["owners"].goodput) * TIMES
    flood = replace(busy, clients=0, rate=rate, connections=MOST_CONNECTIONS)
    return Shown(peak, await _offer(stage, [flood, *some], seconds, warm + 1.5))


async def _offer(stage: Stage, flows: list[Flow], seconds: float, warm: float) -> dict[str, Told]:
    told = await offer(stage.suite.gateway, flows, seconds=seconds, warm_seconds=warm, seed=stage.verdict.seed)
    stage.count("calls", sum(each.sent for each in told.values()))
    return told


def _judge(stage: Stage, what: str, shown: Shown, *, noisy: str, others: tuple[str, ...]) -> None:
    peak, held = (shown.goodput(each, noisy, *others) for each in (shown.peak, shown.overload))
    offered = sum(shown.overload[name].sent / shown.overload[name].seconds for name in (noisy, *others))
    stage.measure(f"{what}: good answers a second at the peak", peak)
    stage.measure(f"{what}: good answers a second at ten times as much", held)
    stage.at_least(f"{what}: times the peak that were offered", TIMES * 0.8, offered / max(peak, 0.1))
    stage.at_least(f"{what}: goodput in % of the peak", 80, held / max(peak, 0.1) * 100)
    for name in (noisy, *others):
        told = shown.overload[name]
        stage.check(f"{what}, {name}: neither answered nor refused", {}, told.broken())
        stage.check(f"{what}, {name}: refusals without Retry-After", 0, told.blunt)
        stage.count("refused", told.refused())
    for name in others:
        stage.at_most(
            f"{what}, {name}: p99 in ms beside the flood", 2 * _p99(shown.peak[name]), _p99(shown.overload[name])
        )
    last = others[-1]
    answered = shown.overload[last].good / max(1, shown.overload[last].sent) * 100
    # Some fifty calls, or twice as many: of so few, one in twenty refused is now and then one in ten.
    least = stage.pick(85, 90)
    stage.at_least(f"{what}, {last}: % answered in time of a company that asks for little", least, answered)
    stage.measure(f"{what}: cores of the load generator", shown.overload[noisy].generator_cores)


def _p99(told: Told) -> float:
    return told.at(0.99) * 1000
