"""What shops and their staff do beside selling: counting stock, sales made offline, signing in and staying so."""

import asyncio
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.floors import keeping as floors
from bench.floors.keeping import BATCH
from bench.ground import Ground
from bench.load import Plan, request
from bench.operation import Effort, Operation
from bench.operations.selling import idempotency_key, sale, settled
from dev.prove.trade.house import PASSWORD
from dev.trading import Api

SIGN_INS_A_ROUND = 40


def _adjustments(ground: Ground, clients: int, effort: Effort) -> list[Plan]:
    rng = random.Random(4)
    house = ground.house

    def adjust() -> bytes:
        sku = rng.choice(house.goods).sku
        row = {"warehouseId": house.warehouse_id, "sku": sku, "delta": 1, "reason": "correction"}
        return _post(ground, house.admin, "/api/inventory/v1/adjustments", row)

    return _rounds(ground, clients, effort, lambda: [adjust() for _ in range(effort.writes)])


def _offline_sales(ground: Ground, clients: int, effort: Effort) -> list[Plan]:
    rng = random.Random(5)
    assert ground.till is not None
    till = ground.till

    def sync() -> bytes:
        return _post(ground, till, "/api/pos/sales/batch", {"sales": [sale(ground, rng) for _ in range(BATCH)]})

    return _rounds(ground, clients, effort, lambda: [sync() for _ in range(max(effort.writes // BATCH, 1))])


def _sign_ins(ground: Ground, clients: int, effort: Effort) -> list[Plan]:
    body = json.dumps({"email": ground.house.admin_email, "password": PASSWORD}).encode()
    asked = [request("POST", "/api/auth/login", {}, body)]
    return _rounds(ground, clients, effort, lambda: asked * min(effort.writes, SIGN_INS_A_ROUND))


async def _refreshes(ground: Ground, clients: int, effort: Effort) -> list[Plan]:
    """Every session can be renewed once by its token: so many sessions are made first."""
    count = min(effort.writes, SIGN_INS_A_ROUND)
    rounds = []
    for _ in range(effort.rounds):
        tokens = await asyncio.gather(*(_session(ground) for _ in range(count)))
        bodies = (json.dumps({"refreshToken": token}).encode() for token in tokens)
        asked = [request("POST", "/api/auth/refresh", {}, body) for body in bodies]
        rounds.append(Plan(ground.suite.home.port_base, asked, clients))
    return rounds


async def _session(ground: Ground) -> str:
    async with Api(ground.suite.gateway) as api:
        return str((await api.sign_in(ground.house.admin_email, PASSWORD))["refreshToken"])


def _dashboards(ground: Ground, clients: int, effort: Effort) -> list[Plan]:
    today = datetime.now(UTC).date()
    period = f"from={today - timedelta(days=30)}&to={today}"
    asked = [request("GET", f"/api/analytics/dashboard?{period}", ground.headers(ground.house.admin))]
    port = ground.suite.home.port_base
    return [Plan(port, asked, clients, seconds=effort.seconds) for _ in range(effort.rounds)]


def _rounds(ground: Ground, clients: int, effort: Effort, make: Callable[[], list[bytes]]) -> list[Plan]:
    return [Plan(ground.suite.home.port_base, make(), clients) for _ in range(effort.rounds)]


def _post(ground: Ground, caller: Api, path: str, body: dict[str, Any]) -> bytes:
    headers = {**ground.headers(caller), **idempotency_key()}
    return request("POST", path, headers, json.dumps(body).encode())


KEEPING = (
    Operation(
        "till_batch", f"{BATCH} offline sales in one request, until settled", _offline_sales, floors.batch, settled
    ),
    Operation("adjust", "one adjustment of stock, until it is told", _adjustments, floors.adjustment, settled),
    Operation("dashboard", "a company's last thirty days", _dashboards, floors.dashboard),
    Operation("sign_in", "signing in with a password", _sign_ins, floors.sign_in, settled),
    Operation("refresh", "a session renewed by its token", _refreshes, floors.renewal, settled),
)
