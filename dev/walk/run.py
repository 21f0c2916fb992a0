"""`walk`: the running suite, attacked on every route by every kind of caller."""

import argparse
import asyncio
import json
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from rich.console import Console

from dev.home import Home, OperatorError
from dev.secret_store import SecretStore
from dev.trading import Api
from dev.walk.engine import walk
from dev.walk.forging import Forge
from dev.walk.founding import found
from dev.walk.identities import callers
from dev.walk.plan import Plan
from dev.walk.report import Report


def run(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    """Walks, prints what was found; 1 when anything leaked or was answered otherwise than the table says."""
    if chosen.only and chosen.publish:
        raise OperatorError("Only a walk over everything is published: leave --only out.")
    plan = Plan.whole()
    report = asyncio.run(_walk(home, plan.narrowed(chosen.only) if chosen.only else plan, publish=chosen.publish))
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


async def _walk(home: Home, plan: Plan, *, publish: bool) -> Report:
    """Found two companies in the suite of this home, and walk as the people of the one."""
    secrets = SecretStore(home.secrets)
    base_url = home.service_url("gateway")
    login = (secrets.get("administrator.email"), secrets.get("administrator.password"))
    began = datetime.now(UTC)
    own, foreign = await asyncio.gather(found(base_url, login, "alpha"), found(base_url, login, "bravo"))
    try:
        report = await walk(home, own, foreign, await callers(own, Forge.open(home)), plan)
    finally:
        await own.close()
        await foreign.close()
    if publish:
        await show_to_tenants(base_url, login, report, began)
    return report


async def show_to_tenants(base_url: str, login: tuple[str, str], report: Report, walked_at: datetime) -> None:
    """Every company reads the report from then on. Raises Refused."""
    async with Api(base_url) as platform:
        await platform.sign_in(*login)
        told = report.for_tenants(walked_at, metadata.version("markethall"))
        await platform.post("/api/companies/isolation-reports", told)
