"""Row 11: messages that nobody can handle harm no other, and come back once their reason is gone."""

import asyncio
import time
from collections import Counter

from dev.dead import collect
from dev.prove.guarantees.messages_dead import DeadLetter, Poison, dead_letters, put_away
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import settled
from dev.prove.stage import Stage
from dev.prove.trade import House, Journal, found
from dev.prove.trade.house import add_goods

TRIES = 5
DEAD_SECONDS = 60.0
POLL_SECONDS = 0.5
BATCH = 50
ACTING = ("inventory", "sales")
"""Those with a queue that `product.created` reaches."""
WATCHING = ("audit", "analytics", "realtime", "catalog")
"""Those who read the feed, and find there what nobody can read."""


@guarantee(
    11,
    "poison contained",
    "100 poison messages in 10,000: each in the dead queue within 5 tries, the others unharmed; "
    "`./markethall dead --replay` heals them",
    kind=Kind.ROUGH,
)
async def poison_contained(stage: Stage) -> None:
    house = await found(stage.suite, "poison", goods=0)
    journal = Journal(stage.folder / "journal.jsonl")
    strange, failing, good = stage.pick((4, 1, 195), (80, 20, 9900))
    poison = Poison(stage.suite, house.company_id, stage.rng)
    async with poison.sales_refuses_some():
        await _mix(stage, house, poison, strange, failing, good)
        letters = await _all_dead(stage, poison, strange, failing)
        stage.none("messages tried more often than five times", [each for each in letters if each.attempts > TRIES])
        await _others_are_unharmed(stage, house, good)
    await collect(stage.suite.amqp, list(ACTING), replay=True, chosen=poison.is_failing)
    healed = await _healed(stage, house, good + failing)
    stage.check("products of which sales has a copy once their poison was sent again", good + failing, healed)
    await put_away(stage.suite, poison.mark)
    await settled(stage, house, journal, DEAD_SECONDS)
    await house.close()
    journal.close()


async def _mix(stage: Stage, house: House, poison: Poison, strange: int, failing: int, good: int) -> None:
    """Good messages with the poison spread among them; ``failing`` are good ones that sales cannot store."""
    sent = 0
    while sent < good:
        part = min(BATCH, good - sent)
        await asyncio.gather(
            add_goods(house, part, stock=0, price=500),
            poison.strange((strange * (sent + part)) // good - (strange * sent) // good),
            poison.refused(house, (failing * (sent + part)) // good - (failing * sent) // good),
        )
        sent += part
        stage.progress("messages", sent, good)
    stage.count("good messages", good)
    stage.count("poison messages", strange + failing)


async def _all_dead(stage: Stage, poison: Poison, strange: int, failing: int) -> list[DeadLetter]:
    """Waits until each service has laid aside what it cannot handle, and judges how much that is."""
    wanted = dict.fromkeys((*ACTING, *WATCHING), strange) | {"sales": strange + failing}
    letters: list[DeadLetter] = []
    until = time.monotonic() + DEAD_SECONDS
    while time.monotonic() < until:
        letters = await dead_letters(stage.suite, poison.mark)
        if Counter(each.service for each in letters) == wanted:
            break
        await asyncio.sleep(POLL_SECONDS)
    laid = Counter(each.service for each in letters)
    for service, count in wanted.items():
        stage.check(f"poison in {service}.dead", count, laid[service])
    stage.check("dead letters without a reason", 0, sum(not each.reason for each in letters))
    return letters


async def _others_are_unharmed(stage: Stage, house: House, good: int) -> None:
    criteria = {"companyId": house.company_id, "name": {"$regex": "^Good "}}
    copies = await stage.suite.database("sales")["products"].count_documents(criteria)
    stage.check("good products of which sales has a copy", good, copies)
    skus = await stage.suite.database("inventory")["skus"].count_documents({"companyId": house.company_id})
    stage.at_least("products that inventory knows", good, skus)
    logged = {"companyId": house.company_id, "action": "product.created"}
    seen = await stage.suite.database("audit")["audit_events"].count_documents(logged)
    stage.at_least("products in the audit log", good, seen)


async def _healed(stage: Stage, house: House, count: int) -> int:
    copies = stage.suite.database("sales")["products"]
    until, seen = time.monotonic() + DEAD_SECONDS, 0
    while seen < count and time.monotonic() < until:
        seen = await copies.count_documents({"companyId": house.company_id})
        await asyncio.sleep(POLL_SECONDS)
    return seen
