"""Row 10: a worker that slept past its lease and wakes writes nothing any more."""

import asyncio
import time
from typing import Any

from dev.prove.faults.load import under_load
from dev.prove.faults.points import Point, Points, standing
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import judge, settled
from dev.prove.stage import Stage
from dev.prove.suite import ProvedSuite
from dev.prove.trade import Journal, Market, found

WATCHERS = ("audit", "analytics")
"""Those of whom one copy works at a time, by a lease with a fence."""
ACTING = ("inventory", "payment")
"""Those of whom every copy works, each piece of work by a claim in its own document."""
BEFORE_WRITING = Point(
    "zombie",
    "libs/common/messaging/positions.py",
    "            await self._collection.update_one(criteria, change, upsert=True, session=session)",
    "before",
    "f'{watcher}-{__import__(\"os\").getpid()}'",
    does="fall_asleep",
)
"""A watcher sleeps before its write: what one has asked of the database before it sleeps is done before anybody else
takes over, so it seldom comes to a stale one by chance. The process is named, too: one that woke a moment ago may come
to its stale write there, and with it asleep nobody would be left to take over."""
TAKEN_OVER_SECONDS = 40.0
CLAIM_SECONDS = 6.0
REST_SECONDS = 90.0
POLL_SECONDS = 0.1
IN_HAND_SECONDS = 0.3

Place = tuple[int, str, int]


@guarantee(
    10,
    "zombie fenced",
    "a worker is stopped past its lease and goes on: another has taken over, 0 stale writes",
    kind=Kind.ROUGH,
)
async def zombie_fenced(stage: Stage) -> None:
    await asyncio.gather(*(stage.suite.reconfigure(service, copies=2) for service in ACTING))
    async with standing(stage, WATCHERS, [BEFORE_WRITING], copies=2) as points:
        await _zombies_fenced(stage, points)


async def _zombies_fenced(stage: Stage, points: Points) -> None:
    house = await found(stage.suite, "zombie", goods=12, stock=100_000, customers=4)
    journal = Journal(stage.folder / "journal.jsonl")
    positions = Positions(stage.suite)
    watching = asyncio.create_task(positions.run())
    try:
        for number in range(rounds := stage.pick(2, 4)):
            async with under_load(stage, Market(house, journal), at_once=2):
                await _sleep_past_the_lease(stage, points if number % 2 == 0 else None, positions)
            stage.progress("rounds", number + 1, rounds)
            if positions.went_back:
                break
    finally:
        watching.cancel()
    await settled(stage, house, journal, REST_SECONDS)
    await judge(stage, house, journal)
    stage.none("places in the feed that went back, and fences that did", positions.went_back)
    stage.at_least("places seen", len(WATCHERS), positions.seen)
    verdict = await house.admin.get("/api/audit/verify")
    stage.check("the audit chain", True, verdict["ok"])
    await house.close()
    journal.close()


async def _sleep_past_the_lease(stage: Stage, points: Points | None, positions: "Positions") -> None:
    """Stops whoever works, with work in hand, until others have taken over; then lets them go on.

    The watchers fall asleep right before their write, or without ``points`` wherever they are, be it in a transaction.
    """
    holders = [await _holder(stage.suite, service) for service in WATCHERS]
    before = {service: await positions.fence(service) for service in WATCHERS}
    asleep = [await stage.suite.pid(name) for name in [*holders, *ACTING]]
    if points is not None:
        points.arm(BEFORE_WRITING.name, *(f"{service}-{pid}" for service, pid in zip(WATCHERS, asleep, strict=False)))
        stage.none("watchers that did not come to write", await points.missing())
    held = await stage.suite.freeze("mongod")
    await asyncio.sleep(IN_HAND_SECONDS)  # what they asked of the database is under way
    for pid in asleep:
        stage.suite.freeze_at_once(pid)
    stage.suite.thaw(held)
    stage.count("workers stopped past their lease", len(asleep))
    began = time.monotonic()
    for service in WATCHERS:
        while await positions.fence(service) <= before[service] and time.monotonic() - began < TAKEN_OVER_SECONDS:
            await asyncio.sleep(POLL_SECONDS)
        stage.check(f"another {service} has taken over", True, await positions.fence(service) > before[service])
    stage.measure("seconds until the watchers had been taken over", time.monotonic() - began)
    await asyncio.sleep(max(CLAIM_SECONDS - (time.monotonic() - began), 0.0))
    for pid in asleep:
        stage.suite.thaw(pid)


async def _holder(suite: ProvedSuite, service: str) -> str:
    """The copy that reads the feed; waits for one that has come up only now. Raises TimeoutError."""
    async with asyncio.timeout(TAKEN_OVER_SECONDS):
        while True:
            lease = await suite.database(service)["leases"].find_one({"_id": f"feed:{service}"})
            for each in await suite.processes(service):
                if lease is not None and each["pid"] == lease["by"]["pid"]:
                    return str(each["name"])
            await asyncio.sleep(POLL_SECONDS)


class Positions:
    """Hears of every change of where the watchers stand, and notes what went back.

    By the database's change stream: a stale write lasts no longer than until the next good one.
    """

    def __init__(self, suite: ProvedSuite) -> None:
        self._suite = suite
        self._last: dict[str, Place] = {}
        self.went_back: list[str] = []
        self.seen = 0

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(*(self._follow(service) for service in WATCHERS))

    async def _follow(self, service: str) -> None:
        places = self._suite.database(service)["feed_positions"]
        async with await places.watch([{"$match": {"documentKey._id": service}}]) as changes:
            known: dict[str, Any] = await places.find_one({"_id": service}) or {}
            async for change in changes:
                known |= change.get("fullDocument") or change["updateDescription"]["updatedFields"]
                self._compare(service, (known["fence"], known["epoch"], known["offset"]))

    async def fence(self, service: str) -> int:
        """The fence of whoever wrote last."""
        found = await self._find(service)
        return found[0] if found else 0

    async def _find(self, service: str) -> Place | None:
        found = await self._suite.database(service)["feed_positions"].find_one({"_id": service})
        return (found["fence"], found["epoch"], found["offset"]) if found else None

    def _compare(self, service: str, place: Place) -> None:
        last = self._last.get(service)
        self.seen += 1
        self._last[service] = place
        if last and (place[0] < last[0] or (place[1] == last[1] and place[2] < last[2])):
            self.went_back.append(f"{service}: from {last} to {place}")
