"""``./markethall replay FILE``: the main job on real invoices, reconciled to the cent."""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from dev.home import Home, OperatorError
from dev.provision.environments import administrator
from dev.reconcile import Check, as_json, print_checks, reconcile, wait_until_ended
from dev.replay.house import House, found_company, furnish, size_of
from dev.replay.plan import Plan, PlannedOrder, make_plan
from dev.replay.rows import File, read
from dev.secret_store import SecretStore
from dev.trading import Api, LiveCounter

END_SECONDS = 300.0


def run(arguments: Sequence[str]) -> int:
    """Replay; the exit code is 0 when every line agrees."""
    chosen = _parser().parse_args(arguments)
    if not chosen.file.exists():
        raise OperatorError(f"There is no file {chosen.file}.")
    home, console = Home.from_environment(), Console(highlight=False)
    file = read(chosen.file, chosen.orders)
    if not file.invoices:
        raise OperatorError(f"{chosen.file} has no invoice that can be sent.")
    report = asyncio.run(_replay(home, console, file, make_plan(file.invoices), chosen.concurrency))
    if chosen.json:
        chosen.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if report["ok"] else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./markethall replay", description="Replays real invoices as orders.")
    parser.add_argument("file", type=Path, help="invoice lines in the format of UCI Online Retail, .csv or .csv.gz")
    parser.add_argument("--orders", type=int, metavar="N", help="only the first N sale invoices")
    parser.add_argument("--concurrency", type=int, default=16, metavar="C", help="clients at once (16)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the report for programs")
    return parser


async def _replay(home: Home, console: Console, file: File, plan: Plan, concurrency: int) -> dict[str, Any]:
    gateway = home.service_url("gateway")
    _say_what_is_sent(console, file, plan)
    async with Api(gateway) as platform, Api(gateway) as api:
        await platform.sign_in(*administrator(SecretStore(home.secrets)))
        company_id = await found_company(platform, api)
        with _progress(console) as progress:
            furnishing = progress.add_task("shop, products, customers, stock", total=size_of(plan))
            house = await furnish(api, company_id, file, plan, lambda n: progress.advance(furnishing, n))
            async with LiveCounter(api, ["orders"]) as live:
                rate = await _send_all(api, house, plan, concurrency, progress)
                checks = await reconcile(api, plan.expected, live=live.counts)
                checks.append(Check("realtime: repeated events", 0, live.repeats))
    checks += _file_checks(file, plan)
    print_checks(console, f"{len(plan.orders):,} orders, {rate:.1f} a second until all had ended", checks)
    report = as_json(checks, ordersPerSecond=round(rate, 2), companyId=company_id)
    console.print("[green]every line agrees[/]" if report["ok"] else "[red bold]some lines differ[/]")
    return report


async def _send_all(api: Api, house: House, plan: Plan, concurrency: int, progress: Progress) -> float:
    """Send every order with ``concurrency`` clients and wait until all have ended; orders a second."""
    started = time.monotonic()
    sending = progress.add_task("orders accepted", total=len(plan.orders))
    todo = iter(plan.orders)

    async def client() -> None:
        for order in todo:
            answer = await api.post("/api/orders", order_body(order, house), key=f"invoice-{order.invoice.number}")
            plan.expected.totals[answer["id"]] = order.invoice.total
            progress.advance(sending)

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(client())
    ending = progress.add_task("orders ended", total=len(plan.orders))
    await wait_until_ended(
        api, END_SECONDS, lambda waiting: progress.update(ending, completed=len(plan.orders) - waiting)
    )
    return len(plan.orders) / (time.monotonic() - started)


def order_body(order: PlannedOrder, house: House) -> dict[str, Any]:
    """The request that stands for one invoice."""
    items = [
        {
            "productId": house.product_ids[line.code],
            "quantity": line.quantity,
            "unitPrice": {"amount": line.price, "currency": "GBP"},
        }
        for line in order.invoice.lines
    ]
    return {
        "items": items,
        "customerId": house.customer_ids[order.invoice.customer],
        "shopId": house.shop_id,
        "placedAt": order.invoice.placed_at.isoformat().replace("+00:00", "Z"),
        "payment": order.payment,
        "expectedTotal": {"amount": order.invoice.total, "currency": "GBP"},
    }


def _file_checks(file: File, plan: Plan) -> list[Check]:
    """The plan against the rows it came from: nothing was lost on the way to the orders."""
    in_file = sum(invoice.total for invoice in file.invoices)
    return [Check("file: pence of all sendable lines", in_file, sum(plan.expected.totals.values()))]


def _say_what_is_sent(console: Console, file: File, plan: Plan) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("orders to send", f"{len(plan.orders):,}")
    table.add_row("last invoice of", file.invoices[-1].placed_at.date().isoformat())
    table.add_row("codes", f"{len(plan.opening):,}, {sum(not n for n in plan.opening.values())} of them without stock")
    for reason, count in file.left_out.most_common():
        table.add_row(f"lines not sent: {reason}", f"{count:,}")
    console.print(table)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)
