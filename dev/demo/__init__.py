"""``./markethall demo``: generated shops and a live minute of trade on the running suite, reconciled."""

import argparse
import asyncio
import json
import os
import random
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from common.clock import SystemClock
from dev.control import set_default_tenant
from dev.demo.house import Company, SignIn, found, furnish
from dev.demo.traders import Traders
from dev.home import Home
from dev.provision.environments import administrator
from dev.reconcile import Check, as_json, print_checks, reconcile, wait_until_ended
from dev.secret_store import SecretStore
from dev.suite import Selection
from dev.trading import Api, LiveCounter
from dev.up import up
from dev.welcome import welcome

COMPANIES = (("Acme Home", "EUR", "Europe/Berlin", "DE", 70), ("Nordic Goods", "SEK", "Europe/Stockholm", "SE", 30))
"""Name, currency, time zone, country, and per cent of the products."""

END_SECONDS = 120.0


def run(arguments: Sequence[str]) -> int:
    """Bring the suite up, trade, reconcile; 0 when every line agrees."""
    chosen = _parser().parse_args(arguments)
    home, console = Home.from_environment(), Console(highlight=False)
    up(home, Selection.parse(None, []), console)
    console.print(f"seed {chosen.seed} (give it again with --seed)")
    checks, sign_ins = asyncio.run(_demo(home, console, chosen.seed, chosen.products, chosen.seconds))
    _keep_sign_ins(home, sign_ins)
    welcome(home, console)
    _show_sign_ins(console, sign_ins)
    if chosen.json:
        chosen.json.write_text(json.dumps(as_json(checks, seed=chosen.seed), indent=1) + "\n")
    agree = all(check.ok for check in checks)
    console.print("[green]every line agrees[/]" if agree else "[red bold]some lines differ[/]")
    return 0 if agree else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./markethall demo", description="Generated shops and a live minute of trade."
    )
    parser.add_argument("--seconds", type=float, default=_told("SECONDS", 60), help="how long to trade (60)")
    parser.add_argument("--products", type=int, default=_told("PRODUCTS", 2000), help="how many products (2000)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="the random seed; printed")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the report for programs")
    return parser


def _told(name: str, otherwise: int) -> int:
    """A size of the demo from the environment, such as MARKETHALL_DEMO_SECONDS."""
    return int(os.environ.get(f"MARKETHALL_DEMO_{name}", otherwise))


async def _demo(
    home: Home, console: Console, seed: int, products: int, seconds: float
) -> tuple[list[Check], list[SignIn]]:
    rng = random.Random(seed)
    gateway = home.service_url("gateway")
    async with Api(gateway) as platform:
        login = administrator(SecretStore(home.secrets))
        await platform.sign_in(*login)
        companies = [await found(platform, *about[:4]) for about in COMPANIES]
        await asyncio.to_thread(set_default_tenant, home, console, companies[0].id)
        with _progress(console) as progress:
            for company, about in zip(companies, COMPANIES, strict=True):
                count = products * about[4] // 100
                task = progress.add_task(f"{about[0]}: products and stock", total=None)
                await furnish(company, rng, count, partial(progress.advance, task))
                progress.update(task, total=progress.tasks[task].completed)
            checks = await _trade(console, progress, companies, rng, seconds)
    sign_ins = [SignIn("super admin", *login), *(sign_in for company in companies for sign_in in company.sign_ins)]
    return checks, sign_ins


async def _trade(
    console: Console, progress: Progress, companies: list[Company], rng: random.Random, seconds: float
) -> list[Check]:
    kinds: Counter[str] = Counter()
    task = progress.add_task("orders and sales", total=None)

    def advance(kind: str) -> None:
        kinds[kind] += 1
        progress.advance(task)
        progress.update(task, description=", ".join(f"{kind} {n}" for kind, n in kinds.most_common(7)))

    counters = [LiveCounter(company.admin, ["orders"]) for company in companies]
    checks: list[Check] = []
    async with counters[0], counters[1]:
        traders = [Traders(company, rng, advance) for company in companies]
        await asyncio.gather(*(each.trade(seconds) for each in traders))
        for company, live in zip(companies, counters, strict=True):
            await wait_until_ended(company.admin, END_SECONDS)
            found_checks = await _reconcile(company, live)
            progress.stop()
            print_checks(console, f"{company.slug}: what was done against what each service says", found_checks)
            checks += found_checks
    return checks


async def _reconcile(company: Company, live: LiveCounter) -> list[Check]:
    now, day = SystemClock().now(), timedelta(days=1)
    days = (now - day).date().isoformat(), (now + day).date().isoformat()
    expected = company.journal.expect(company.goods, company.scarce, *days)
    return await reconcile(company.admin, expected, live=live.counts)


def _keep_sign_ins(home: Home, sign_ins: list[SignIn]) -> None:
    path = home.path / "demo.json"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump([asdict(sign_in) for sign_in in sign_ins], file, indent=1)


def _show_sign_ins(console: Console, sign_ins: list[SignIn]) -> None:
    table = Table(title="Sign in as", title_justify="left", header_style="bold")
    for heading in ("who", "email", "password", "X-Tenant-ID"):
        table.add_column(heading, overflow="fold")
    for sign_in in sign_ins:
        table.add_row(sign_in.who, sign_in.email, sign_in.password, sign_in.tenant or "")
    console.print(table)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)
