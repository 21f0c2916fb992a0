"""Row 18: sums in every kind of currency, in the domain, over the API, and in what is stored."""

import asyncio
import json
import multiprocessing
import os
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import httpx2

from common.suite import SERVICES
from dev.prove.guarantees.money_cases import reckon
from dev.prove.rows import guarantee
from dev.prove.stage import Stage
from dev.prove.trade import House, found
from dev.prove.trade.market import ADDRESS

WHOLE, THOUSANDTHS, HUNDREDTHS = ("JPY", "ISK", "UGX"), ("KWD",), ("EUR",)
RATES = (0, 550, 1000, 1900, 2500)
CHUNKS = 20
READ_PER_COLLECTION = 20_000
LISTS = (
    "/api/orders", "/api/payments", "/api/products", "/api/payments/ledger/entries", "/api/payments/ledger/balances",
    "/api/payments/ledger/accounts", "/api/inventory/v1/stock", "/api/audit/entries", "/api/debts", "/api/companies",
)  # fmt: skip


class InexactNumber(str):
    """A number that JSON wrote with a point or an exponent."""


@guarantee(
    18,
    "money",
    "10⁶ splits, taxes and orders, JPY, KWD, ISK and UGX among them: parts sum to the whole; no float anywhere",
)
async def money(stage: Stage) -> None:
    cases, orders = stage.pick((20_000, 4), (1_000_000, 40))
    reckoning = asyncio.create_task(_reckon(stage, cases))
    answered: list[str] = []
    for currency in (*WHOLE, *THOUSANDTHS, *HUNDREDTHS):
        house = await found(stage.suite, f"sums-{currency.lower()}", goods=3, currency=currency, price=995)
        answered += await _sell(stage, house, orders)
        answered += await _read(stage, house)
        await house.close()
    stage.none("sums over the API that do not come out", answered)
    counts, wrong = await reckoning
    stage.check("cases reckoned", cases, counts["split"] + counts["tax"] + counts["order"])
    stage.none("cases that do not come out", wrong)
    for kind in ("split", "tax", "order"):
        stage.count(f"cases: {kind}", counts[kind])
    stage.none("money stored as a float", await _floats_stored(stage))


async def _reckon(stage: Stage, cases: int) -> tuple[Counter[str], list[str]]:
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    loop = asyncio.get_running_loop()
    cores = min(2, os.cpu_count() or 1)
    workers = stage.pick(1, cores)
    seeds = [f"{stage.verdict.seed}:18:{number}" for number in range(CHUNKS)]
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        work = [loop.run_in_executor(pool, reckon, seed, cases // CHUNKS) for seed in seeds]
        for number, done in enumerate(asyncio.as_completed(work), 1):
            some, faults = await done
            counts += some
            wrong += faults
            stage.progress("cases", number, CHUNKS)
    return counts, wrong


async def _sell(stage: Stage, house: House, orders: int) -> list[str]:
    """Orders with discounts, under changing taxes, answered and judged."""
    wrong = []
    for number in range(orders):
        if number % 4 == 0:
            tax: dict[str, Any] = {"taxInclusive": stage.rng.random() < 0.5, "taxBasisPoints": stage.rng.choice(RATES)}
            await house.admin.patch(f"/api/companies/{house.company_id}", {"settings": tax})
        wrong += [f"{house.currency}: {fault}" for fault in _faults(await _order(stage.rng, house))]
        stage.count("orders over the API")
    return wrong


async def _order(rng: random.Random, house: House) -> dict[str, Any]:
    pieces = [(good, rng.randint(1, 7)) for good in house.goods]
    lines = [{"productId": good.product_id, "quantity": quantity} for good, quantity in pieces]
    gross = sum(quantity * 995 for _, quantity in pieces)
    # Thirds and sevenths: a discount that no line can take its exact share of.
    off = min(rng.randrange(1, gross) | 1, gross)
    discount = {"amount": off, "currency": house.currency}
    body = {"items": lines, "shippingAddress": ADDRESS, "discount": discount, "payment": {"method": "cash_on_delivery"}}
    order: dict[str, Any] = await house.admin.post("/api/orders", body)
    return {**order, "asked": off, "gross": gross}


def _faults(order: dict[str, Any]) -> Iterator[str]:
    lines, totals = order["items"], {name: told["amount"] for name, told in order["totals"].items() if name[0] != "t"}
    tax = order["totals"]["tax"]["amount"]
    if sum(line["discount"]["amount"] for line in lines) != order["asked"]:
        yield f"the parts of the discount {order['asked']} are {[line['discount']['amount'] for line in lines]}"
    if sum(line["tax"]["amount"] for line in lines) != tax:
        yield f"the lines' taxes do not sum to {tax}"
    net = sum(line["total"]["amount"] for line in lines)
    if net != order["gross"] - order["asked"]:
        yield f"the lines cost {net}, not {order['gross']} less {order['asked']}"
    if totals["grandTotal"] != net + (0 if order["totals"]["taxInclusive"] else tax):
        yield f"the whole is {totals['grandTotal']} for {net} and tax {tax}"


async def _read(stage: Stage, house: House) -> list[str]:
    """Every list with money in it: no number beside a currency has a point."""
    wrong: list[str] = []
    async with httpx2.AsyncClient(base_url=stage.suite.gateway, headers=house.admin.identity(), timeout=60) as http:
        for path in LISTS:
            answer = await http.get(path, params={"limit": 100})
            if answer.status_code != 200 or "json" not in answer.headers.get("content-type", ""):
                continue
            stage.count("JSON answers read")
            told = json.loads(answer.text, parse_float=InexactNumber)
            wrong += [f"{path}: {where}" for where in inexact(told, "", InexactNumber)]
    return wrong


async def _floats_stored(stage: Stage) -> list[str]:
    """Every database, the latest documents of every collection."""
    wrong: list[str] = []
    most = stage.pick(READ_PER_COLLECTION // 10, READ_PER_COLLECTION)
    for service, spec in SERVICES.items():
        if spec.database is None:
            continue
        database = stage.suite.database(service)
        for name in await database.list_collection_names():
            if name.startswith("system."):
                continue
            async for document in database[name].find(sort=[("$natural", -1)], limit=most):
                stage.count("documents read")
                wrong += [f"{service}.{name}: {where}" for where in inexact(document, "", float)]
    return wrong


def inexact(value: Any, path: str, kind: type) -> Iterator[str]:
    """Where a number of this kind stands beside a currency, or in minor units."""
    if isinstance(value, dict):
        is_money = "currency" in value
        for name, inner in value.items():
            if isinstance(inner, kind) and (is_money or "inor" in str(name) or name == "amount"):
                yield f"{path}.{name} = {inner}"
            yield from inexact(inner, f"{path}.{name}", kind)
    elif isinstance(value, list):
        for inner in value:
            yield from inexact(inner, path, kind)
