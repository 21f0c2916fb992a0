"""Row 26: networks that are slow or cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from common.suite import SERVICES
from dev.home import SANDBOX_HTTP
from dev.prove.faults.load import under_load
from dev.prove.faults.proxy import Fault, Proxy
from dev.prove.rows import Kind, Scale, guarantee
from dev.prove.settling import ended, judge, settled
from dev.prove.stage import Stage
from dev.prove.trade import Journal, Market, found

PROXY_OFFSET = 60
"""Above the suite's own ports: the gateway's way to every service."""

ACTING = ("sales", "payment", "inventory")
END_SECONDS = 60.0
STRIKE_SECONDS = 5.0

WATCHED = {
    "broker": ("AMQP_URL", {"heartbeat": "2"}),
    "database": ("MONGO_URL", {"heartbeatFrequencyMS": "1000"}),
}
"""Where a service learns of these servers, and how often it looks after them where little time is spent: a peer
that says nothing is noticed by that alone."""

Links = dict[str, list[Proxy]]


@guarantee(
    26,
    "slow and cut networks",
    "between services, broker, database and provider: delay, reset, half-open, cut after 2,000 bytes; "
    "orders end ≤ 60 s after, no event lost or doubled, no double charge",
    kind=Kind.ROUGH,
)
async def slow_and_cut_networks(stage: Stage) -> None:
    async with _proxies(stage) as links:
        house = await found(stage.suite, "networks", goods=12, stock=50_000, customers=4)
        journal = Journal(stage.folder / "journal.jsonl")
        market = Market(house, journal)
        async with under_load(stage, market, at_once=4):
            await _strike(stage, links)
        await ended(stage, house, END_SECONDS)
        await settled(stage, house, journal, END_SECONDS)
        records = await judge(stage, house, journal)
        stage.count("orders accepted", len(records.answers.accepted))
        stage.count("orders confirmed", len(records.confirmed))
        for name, proxies in links.items():
            struck = sum(proxy.faults for proxy in proxies)
            stage.count(f"connections struck: {name}", struck)
            stage.at_least(f"connections struck: {name}", 1, struck)
        await house.close()
        journal.close()


async def _strike(stage: Stage, links: Links) -> None:
    """Every fault on every way, one after the other, in a random order."""
    rounds, hold_seconds = stage.pick(small=(1, 0.25), full=(2, 2.5))
    faults = [(fault, name) for fault in Fault for name in links] * rounds
    stage.rng.shuffle(faults)
    faults.sort(key=lambda each: each[0] is Fault.HALF_OPEN)  # else a later reset would end what nobody had noticed
    for number, (fault, name) in enumerate(faults, 1):
        await _hold(fault, links[name], hold_seconds)
        stage.count(f"{fault} on the way to {name}")
        stage.progress("faults", number, len(faults))


async def _hold(fault: Fault, proxies: list[Proxy], seconds: float) -> None:
    """One fault on one way, for so long, and until it has struck somebody: not every way is busy at each moment."""
    before = sum(proxy.faults for proxy in proxies)
    for proxy in proxies:
        proxy.begin(fault)
    await asyncio.sleep(seconds)
    with suppress(TimeoutError):
        async with asyncio.timeout(STRIKE_SECONDS):
            while sum(proxy.faults for proxy in proxies) == before:
                await asyncio.sleep(0.05)
    for proxy in proxies:
        proxy.end()


@asynccontextmanager
async def _proxies(stage: Stage) -> AsyncIterator[Links]:
    """The gateway reaches every service, and those that act reach their servers, through proxies of ours."""
    suite = stage.suite
    links: Links = {"services": [], "broker": [], "database": [], "provider": []}
    environments: dict[str, dict[str, str]] = {name: {} for name in ("gateway", *ACTING)}
    try:
        base = suite.home.port_base + PROXY_OFFSET
        for spec in SERVICES.values():
            links["services"].append(await _opened(suite.home.port(spec.port_offset), base + spec.port_offset))
        environments["gateway"]["MARKETHALL_PORT_BASE"] = str(base)
        for service in ACTING:
            told = await asyncio.to_thread(suite.environment, service)
            for name, (variable, watched) in WATCHED.items():
                quickly = watched if stage.scale is Scale.SMALL else {}
                environments[service][variable] = await _through(links[name], told[variable], quickly)
        links["provider"].append(await _opened(suite.home.port(SANDBOX_HTTP)))
        environments["payment"]["STRIPE_API_BASE"] = f"http://127.0.0.1:{links['provider'][0].port}"
        await asyncio.gather(*(suite.reconfigure(name, changed) for name, changed in environments.items()))
        yield links
    finally:
        await suite.heal()
        for proxy in [proxy for proxies in links.values() for proxy in proxies]:
            await proxy.close()


async def _opened(target: int, port: int = 0) -> Proxy:
    proxy = Proxy(target)
    await proxy.open(port)
    return proxy


async def _through(proxies: list[Proxy], address: str, watched: dict[str, str]) -> str:
    """The same address, by way of one more proxy; ``watched`` says how often the caller looks whether it stands."""
    parts = urlsplit(address)
    proxies.append(await _opened(parts.port or 0))
    who, at, _ = parts.netloc.rpartition("@")
    query = urlencode({**dict(parse_qsl(parts.query)), **watched})
    return urlunsplit(parts._replace(netloc=f"{who}{at}127.0.0.1:{proxies[-1].port}", query=query))
