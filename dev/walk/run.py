"""`walk`: the running suite, attacked on every route by every kind of caller."""

import argparse
import asyncio
import json
from pathlib import Path

from rich.console import Console

from dev.home import Home
from dev.routes import listing
from dev.secret_store import SecretStore
from dev.walk.aliasing import alias_rows, unbuilt_rows
from dev.walk.engine import walk
from dev.walk.forging import Forge
from dev.walk.founding import found
from dev.walk.identities import callers
from dev.walk.report import Report
from dev.walk.rows import Row
from dev.walk.table import ROWS


def run(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    """Walks, prints what was found; 1 when anything leaked or was answered otherwise than the table says."""
    rows = [row for row in ROWS if not chosen.only or chosen.only in row.route]
    others = [row for row in (*alias_rows(ROWS), *unbuilt_rows()) if not chosen.only or chosen.only in row.route]
    report = asyncio.run(walk_suite(home, rows, others, is_whole=not chosen.only))
    for finding in (*report.leaks, *report.wrong):
        console.print(finding.line(), markup=False, soft_wrap=True)
    for route in report.missing_rows:
        console.print(f"no row for {route}", markup=False)
    for route in report.unknown_rows:
        console.print(f"a row for no route: {route}", markup=False)
    console.print(report.summary())
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(report.document(), indent=1))
    return 0 if report.is_clean else 1


async def walk_suite(home: Home, rows: list[Row], others: list[Row], *, is_whole: bool = True) -> Report:
    """Found two companies in the suite of this home, and walk as the people of the one."""
    secrets = SecretStore(home.secrets)
    base_url = home.service_url("gateway")
    login = (secrets.get("administrator.email"), secrets.get("administrator.password"))
    own, foreign = await asyncio.gather(found(base_url, login, "alpha"), found(base_url, login, "bravo"))
    try:
        who = await callers(own, Forge.open(home))
        routes = public_routes() if is_whole else {row.route for row in rows}
        return await walk(own, foreign, who, rows, routes, others)
    finally:
        await own.close()
        await foreign.close()


def public_routes() -> set[str]:
    """Every route that the gateway forwards or answers itself, from the route tables of the services."""
    return {
        f"{route['method']} {route['path']}"
        for route in listing()["routes"]
        if route["public"] and route["method"] not in ("HEAD", "WS")
    }
