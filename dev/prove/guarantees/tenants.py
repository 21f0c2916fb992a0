"""Row 23: what is one company's stays with it."""

import asyncio

import httpx2

from dev.prove.guarantees.identity_doors import CALL_SECONDS
from dev.prove.guarantees.tenants_events import try_events
from dev.prove.guarantees.tenants_field import Field
from dev.prove.guarantees.tenants_names import try_names, try_tokens
from dev.prove.guarantees.tenants_places import (
    try_caches,
    try_cursors,
    try_guests,
    try_kept_answers,
    try_sockets,
)
from dev.prove.rows import Kind, guarantee
from dev.prove.stage import Stage
from dev.walk import Report, walk
from dev.walk.forging import Forge
from dev.walk.founding import found
from dev.walk.identities import callers
from dev.walk.plan import Plan

PART_OF_ROUTES = 9
ATTACKS = (try_names, try_tokens, try_cursors, try_kept_answers, try_caches, try_guests, try_sockets)


@guarantee(
    23,
    "tenants",
    "every route by every kind of caller with another company's ids (small: a seeded part), and forged tenants in "
    "names, tokens, cursors, idempotency keys, caches, guests' tokens, sockets and events: 0 leaks, 0 changes",
    kind=Kind.ROUGH,
)
async def companies_are_strangers(stage: Stage) -> None:
    suite = stage.suite
    login, forge = suite.administrator, await asyncio.to_thread(Forge.open, suite.home)
    own, foreign = await asyncio.gather(*(found(suite.gateway, login, name) for name in ("alpha", "bravo")))
    who = await callers(own, forge)
    async with httpx2.AsyncClient(base_url=suite.gateway, timeout=CALL_SECONDS) as http:
        field = Field(stage, own, foreign, who, forge, http)
        await field.prepare()
        for attack in ATTACKS:
            await attack(field)
        stage.none("leaks to forged tenants", field.leaks)
        stage.none("forged tenants answered otherwise than stated", field.wrong)
        plan = Plan.whole()
        report = await walk(suite.home, own, foreign, who, stage.pick(plan.sampled(stage.rng, PART_OF_ROUTES), plan))
        _judge(stage, report)
        await _events(stage, field)
    await asyncio.gather(own.close(), foreign.close())


async def _events(stage: Stage, field: Field) -> None:
    """At the end: the attacking company then knows things by the other's names, told by itself."""
    before = await field.at_rest()
    await try_events(field)
    after = await field.at_rest()
    changed = sorted(name for name in {**before, **after} if before.get(name) != after.get(name))
    seen = await field.http.get("/api/orders", headers=field.foreign.admin.identity())
    stage.check("the other company's own call after all that: its status", 200, seen.status_code)
    stage.count("documents of the other company watched", len(before))
    stage.none("documents of the other company that forged events changed", changed)


def _judge(stage: Stage, report: Report) -> None:
    stage.count("routes walked", len(report.routes))
    stage.count("other addresses walked", report.others)
    stage.count("calls of the walk", report.calls)
    stage.none("leaks of the walk", [finding.line() for finding in report.leaks])
    stage.none("answers otherwise than the table says", [finding.line() for finding in report.wrong])
    stage.none("routes that the table does not know", [*report.missing_rows, *report.unknown_rows])
