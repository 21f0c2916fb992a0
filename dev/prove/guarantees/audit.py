"""Row 25: whatever is changed in the audit log afterwards is found."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

from dev.audit import check
from dev.prove.guarantees.audit_log import OWN_KEY, TamperedLog
from dev.prove.rows import guarantee
from dev.prove.settling import settled
from dev.prove.stage import Stage
from dev.prove.trade import CARD, House, Journal, Market, found
from dev.secret_store import public_key

SIGNED_SECONDS = 90.0
REST_SECONDS = 60.0
POLL_SECONDS = 0.1

Tampering = Callable[[TamperedLog], Awaitable[None]]

TAMPERINGS: dict[str, Tampering] = {
    "an event edited": TamperedLog.edit,
    "an event edited, with its own hash computed anew": TamperedLog.edit_and_hash,
    "an event deleted": TamperedLog.delete,
    "two events exchanged": TamperedLog.reorder,
    "the end cut off": TamperedLog.cut,
    "the end cut off, and the head put back": TamperedLog.cut_with_head,
    "an event edited, and the whole chain computed anew": TamperedLog.recompute,
    "the whole chain computed anew, and its checkpoints signed with another key": TamperedLog.recompute_and_forge,
    "the whole chain computed anew, and its checkpoints given the new hashes": TamperedLog.recompute_and_patch,
}


@guarantee(
    25,
    "audit",
    "edit, delete, truncate, reorder, recompute the whole chain, forge its checkpoints: each found",
)
async def audit(stage: Stage) -> None:
    house = await found(stage.suite, "audited", goods=5, stock=1000)
    journal = Journal(stage.folder / "journal.jsonl")
    orders = stage.pick(10, 150)
    await Market(house, journal).trade(orders, at_once=2, rng=stage.rng, payment=lambda _: CARD)
    await settled(stage, house, journal, REST_SECONDS)  # what came later would be put back with the rest
    whole = await _signed(house)
    stage.check("the chain before anything is changed", True, whole["ok"])
    stage.check("the event up to which a checkpoint vouches for it", whole["events"], whole["checkpointed"])
    stage.count("events in the chain", whole["events"])
    kept = await _export(stage, house, "before.jsonl")
    log = await TamperedLog.of(stage, house.company_id)
    for number in range(stage.pick(1, 20)):
        for name, tamper in TAMPERINGS.items():
            await _must_be_found(stage, house, log, name, tamper)
        stage.progress("rounds of tampering", number + 1, stage.pick(1, 20))
    await _must_be_found_offline(stage, house, log, kept)
    stage.check("the chain once everything is put back", True, (await _verify(house))["ok"])
    await house.close()
    journal.close()


async def _must_be_found(stage: Stage, house: House, log: TamperedLog, name: str, tamper: Tampering) -> None:
    try:
        await tamper(log)
        verdict = await _verify(house)
        stage.check(f"found: {name}", True, not verdict["ok"])
        stage.count("changes made")
    finally:
        await log.put_back()


async def _must_be_found_offline(stage: Stage, house: House, log: TamperedLog, kept: str) -> None:
    """Who has the key as well, and signs everything anew, is given away by an export that was kept elsewhere."""
    key = public_key(stage.suite.secrets.get(OWN_KEY))
    try:
        await log.recompute_and_sign(stage.suite.secrets.get(OWN_KEY))
        path = await _export(stage, house, "after.jsonl")
        alone = check(stage.folder / path, [key])
        beside = check(stage.folder / path, [key], stage.folder / kept)
        stage.check("an export of it agrees with itself", True, alone.ok)
        stage.check(
            "found beside an earlier export: all computed and signed anew with the key itself", False, beside.ok
        )
    finally:
        await log.put_back()


async def _signed(house: House) -> dict[str, Any]:
    """The verdict once the chain's end is signed, or the time is up."""
    until = time.monotonic() + SIGNED_SECONDS
    verdict = await _verify(house)
    while verdict["ok"] and verdict["checkpointed"] < verdict["events"] and time.monotonic() < until:
        await asyncio.sleep(POLL_SECONDS)
        verdict = await _verify(house)
    return verdict


async def _verify(house: House) -> dict[str, Any]:
    verdict: dict[str, Any] = await house.admin.get("/api/audit/verify")
    return verdict


async def _export(stage: Stage, house: House, name: str) -> str:
    async with httpx2.AsyncClient(base_url=house.admin.base_url, headers=house.admin.identity(), timeout=60) as http:
        lines = await http.get("/api/audit/export")
    lines.raise_for_status()
    await asyncio.to_thread((stage.folder / name).write_bytes, lines.content)
    return name
