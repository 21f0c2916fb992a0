"""Row 28: backups under load, the machine lost, everything back in an empty home."""

import asyncio
import contextlib
import os
import random
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import httpx2

from dev.backup.checking import Held, check
from dev.backup.command import backups_in
from dev.backup.taking import SANDBOX_FILE, copy_sandbox
from dev.home import REPOSITORY, Home, OperatorError
from dev.prove.command import SETTINGS
from dev.prove.guarantees.restore_loss import Loss, charged_at_provider, kept_journal
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import ARRIVAL_ORDER, depths, judge, settled
from dev.prove.stage import Stage
from dev.prove.suite import ProvedSuite
from dev.prove.trade import House, Journal, Market, found
from dev.supervisor.client import SupervisorClient
from dev.testing import free_port_base
from dev.trading import Api, Refused

LOST_SECONDS = 60.0
BACK_SECONDS = 900.0
SETTLED_SECONDS = 90.0
QUEUE_SECONDS = 60.0
PASSPHRASE = "eight slow rivers under glass\n"
OFTEN_SECONDS = 2


@guarantee(
    28,
    "restore",
    "backups every few seconds under load, the machine lost, an empty home: at most 60 s lost, back in 15 minutes",
    kind=Kind.ROUGH,
)
async def comes_back_from_a_backup(stage: Stage) -> None:
    house = await found(stage.suite, "restore", goods=6, stock=5000, customers=3)
    journal = Journal(stage.folder / "journal.jsonl")
    folder = stage.folder / "backups"
    shutil.rmtree(folder, ignore_errors=True)
    passphrase = stage.folder / "passphrase"
    passphrase.write_text(PASSPHRASE)
    with _new_home(stage) as home:
        late = await _trade_until_the_end(stage, Market(house, journal), folder, passphrase)
        lost_at = time.time()
        await asyncio.to_thread(copy_sandbox, stage.suite.home, home.data / SANDBOX_FILE)
        newest = backups_in(folder)[0]
        held = await asyncio.to_thread(check, newest, PASSPHRASE.strip().encode())
        await _refuses_what_was_changed(stage, newest)
        began = time.monotonic()
        await _run(stage, home, "restore", str(newest), "--passphrase-file", str(passphrase))
        try:
            await _judge_restored(stage, home, house, journal, held, lost_at, late)
            stage.at_most("back with every order ended (s)", BACK_SECONDS, time.monotonic() - began)
        finally:
            await _run(stage, home, "reset")
    await house.close()


async def _trade_until_the_end(stage: Stage, market: Market, folder: Path, passphrase: Path) -> Api:
    """Orders all the while, backups among them; payment stands still for the last one, so that events lie in queues.

    Returns a customer who registered when the last backup was done.
    """
    trading = asyncio.create_task(_trade(stage, market))
    encrypted = ("--passphrase-file", str(passphrase))
    times = stage.pick(0, 12)
    await asyncio.to_thread(folder.mkdir)
    if times:
        often = ("--every", f"{OFTEN_SECONDS}s", "--times", str(times))
        await _run(stage, stage.suite.home, "backup", str(folder), *often, *encrypted)
    frozen = await stage.suite.freeze("payment")
    await _queue_holds_something(stage, "payment")
    taken = time.monotonic()
    await _run(stage, stage.suite.home, "backup", str(folder), *encrypted)
    stage.measure("the last backup, under load (s)", time.monotonic() - taken)
    stage.suite.thaw(frozen)
    stage.count("backups", times + 1)
    over = time.time()
    late = await _customer_of_the_last_minute(stage, market.house)
    charged = charged_at_provider(stage.suite, market, since=over, orders=stage.pick(2, 60))
    await asyncio.wait_for(charged, SETTLED_SECONDS)
    trading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await trading
    return late


async def _trade(stage: Stage, market: Market) -> None:
    """Until cancelled; so much that every backup is taken in the middle of orders, and no more."""
    while True:
        await market.trade(stage.pick(3, 10), at_once=3, rng=stage.rng)
        await asyncio.sleep(stage.pick(0.5, 0.2))


async def _queue_holds_something(stage: Stage, queue: str) -> None:
    """Events that were sent, and that nobody has handled: they are only in the broker, which will be lost."""
    async with asyncio.timeout(QUEUE_SECONDS):
        while True:
            # The management API counts every five seconds; the broker itself says how many there are now.
            waiting = (await depths(stage.suite.amqp, [queue]))[queue]
            if waiting >= 5:
                stage.measure("messages in a queue at the last backup", waiting)
                return
            await asyncio.sleep(0.1)


async def _customer_of_the_last_minute(stage: Stage, house: House) -> Api:
    late = Api(stage.suite.gateway, tenant=house.slug)
    await late.register(f"late@{house.slug}.example", "Nine-quiet-herons-4", "Late")
    return late


async def _refuses_what_was_changed(stage: Stage, path: Path) -> None:
    """Changed bits and cuts, anywhere in the file: `restore` reads all of it before it makes anything."""
    tries = stage.pick(2, 40)
    accepted = await asyncio.to_thread(_accepted_though_changed, path, stage.rng, tries)
    stage.none("changed or cut backups that were accepted", accepted)
    stage.count("changed or cut backups", tries)


def _accepted_though_changed(path: Path, rng: random.Random, tries: int) -> list[str]:
    whole, changed = path.read_bytes(), path.with_name("changed.copy")
    accepted = []
    for number in range(tries):
        place = rng.randrange(len(whole))
        raw = bytearray(whole if number % 2 else whole[:place])
        if number % 2:
            raw[place] ^= 1 << rng.randrange(8)
        changed.write_bytes(raw)
        try:
            check(changed, PASSPHRASE.strip().encode())
            accepted.append(f"{'bit' if number % 2 else 'cut'} at byte {place}")
        except OperatorError:
            continue
    changed.unlink()
    return accepted


async def _judge_restored(
    stage: Stage, home: Home, house: House, journal: Journal, held: Held, lost_at: float, late: Api
) -> None:
    restored = ProvedSuite(home)
    there = replace(stage, suite=restored)
    moved = House(house.company_id, house.slug, house.currency, Api(restored.gateway), house.admin_email)
    try:
        loss = await kept_journal(journal, restored, house, stage.folder / "kept.jsonl", lost_at)
        _judge_loss(stage, loss, held, lost_at)
        kept = Journal(stage.folder / "kept.jsonl")
        # All that the suite has sent in the last minutes goes out again, whatever rows it belonged to.
        stage.measure("until all was at rest (s)", await settled(there, moved, kept, BACK_SECONDS, but=ARRIVAL_ORDER))
        records = await judge(there, moved, kept, but=ARRIVAL_ORDER)
        stage.at_least("charges for orders that nobody remembers, all given back", 1, len(records.given_back))
        stage.count("charges given back", len(records.given_back))
        await _judge_tokens(stage, house, restored.gateway, late)
        code = await _code(stage, home, "doctor")
        stage.check("doctor finds nothing wrong", 0, code)
    finally:
        await moved.close()
        await restored.close()


def _judge_loss(stage: Stage, loss: Loss, held: Held, lost_at: float) -> None:
    taken_at = float(held.opening["clusterTime"]["seconds"])
    stage.count("orders accepted", loss.accepted)
    stage.count("orders of after the last backup", len(loss.gone))
    stage.at_most("time between the last backup and the loss (s)", LOST_SECONDS, lost_at - taken_at)
    # A cluster time counts whole seconds.
    stage.none("orders accepted before the backup and not in it", [each for each in loss.gone if each < taken_at])
    stage.at_least("orders that were lost, so that there was something to lose", 1, len(loss.gone))


async def _judge_tokens(stage: Stage, house: House, gateway: str, late: Api) -> None:
    """What was handed out after the backup is worth nothing; whoever was known before signs in again."""
    async with httpx2.AsyncClient(base_url=gateway) as http:
        old = await http.get("/api/orders", headers=late.identity())
        stage.check("a token of after the backup", 401, old.status_code)
        before = await http.get("/api/orders", headers=house.customers[0].identity())
        stage.check("a token of before, whose sessions may have been ended since", 401, before.status_code)
    async with Api(gateway, tenant=house.slug) as again:
        with contextlib.suppress(Refused):
            await again.sign_in(f"late@{house.slug}.example", "Nine-quiet-herons-4")
        stage.check("an account of after the backup signs in", False, "Authorization" in again.identity())
    async with Api(gateway) as admin:
        await admin.sign_in(house.admin_email, "Nine-quiet-herons-4")
        stage.check("an account of before signs in", True, "Authorization" in admin.identity())


@contextlib.contextmanager
def _new_home(stage: Stage) -> Iterator[Home]:
    home = Home(stage.folder / "restored", free_port_base())
    shutil.rmtree(home.path, ignore_errors=True)
    home.make()
    try:
        yield home
    finally:
        client = SupervisorClient(home)
        if client.is_running():  # the row broke off on its way
            client.end()
        shutil.rmtree(home.path, ignore_errors=True)


async def _run(stage: Stage, home: Home, *arguments: str) -> None:
    code, told = await _call(stage, home, *arguments)
    if code:
        raise RuntimeError(f"./markethall {arguments[0]} ended with {code}: {told[-600:]}")


async def _code(stage: Stage, home: Home, *arguments: str) -> int:
    return (await _call(stage, home, *arguments))[0]


async def _call(stage: Stage, home: Home, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dev", *arguments, cwd=REPOSITORY, env=_environment(stage, home),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        told, _ = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    return process.returncode or 0, told.decode(errors="replace")


def _environment(stage: Stage, home: Home) -> Mapping[str, str]:
    """The operator's shell of another machine: the same limits as the proof's, from the same copy of the source."""
    changed = {**os.environ, **SETTINGS, "MARKETHALL_HOME": str(home.path), "MARKETHALL_PORT_BASE": str(home.port_base)}
    source = stage.suite.mutated_source
    if source is not None:
        changed |= {"PYTHONPATH": f"{source / 'libs'}:{source}", "PYTHONSAFEPATH": "1"}
    return changed
