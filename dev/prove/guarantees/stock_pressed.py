"""Several processes that reserve at the same instant, over a copy of what inventory knows of one company."""

import asyncio
import json
import os
import random
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from dev.prove.suite import ProvedSuite
from dev.prove.trade import House

SCRATCH = "proof_stock"
KNOWN = ("stock", "warehouses", "companies", "skus")
LEAD_SECONDS = 0.02
ANSWER_SECONDS = 90.0


@dataclass(slots=True)
class Presses:
    """The processes, and the database they work on."""

    database: AsyncDatabase[dict[str, Any]]
    processes: Sequence[Process]

    async def reserve(self, sku: str, orders: Sequence[str], *, pieces: int, rng: random.Random) -> None:
        """All ``orders`` at one instant, dealt out by chance; returns when each has been decided."""
        shuffled = rng.sample(list(orders), len(orders))
        begin = time.time() + LEAD_SECONDS
        for number, process in enumerate(self.processes):
            asked = {"sku": sku, "pieces": pieces, "orders": shuffled[number :: len(self.processes)], "at": begin}
            assert process.stdin is not None
            process.stdin.write(json.dumps(asked).encode() + b"\n")
        await self.answer("done")

    async def answer(self, word: str) -> None:
        """Wait for one line of each process. Raises RuntimeError when one fell."""
        async with asyncio.timeout(ANSWER_SECONDS):
            for process in self.processes:
                assert process.stdout is not None
                said = (await process.stdout.readline()).decode().strip()
                if said != word:
                    raise RuntimeError(f"a process that reserves said {said!r}, not {word!r}")


@asynccontextmanager
async def presses(suite: ProvedSuite, house: House, count: int) -> AsyncIterator[Presses]:
    """``count`` processes from inventory's source over a copy of the house's stock; gone afterwards."""
    inventory = suite.database("inventory")
    database = suite.mongo[f"{inventory.name}_{SCRATCH}"]
    await suite.mongo.drop_database(database.name)
    for name in KNOWN:
        rows = await inventory[name].find({"companyId": house.company_id}).to_list()
        if rows:
            await database[name].insert_many(rows)
    source = suite.source_of("inventory")
    environment = {**os.environ, "PYTHONPATH": f"{source / 'libs'}:{source}", "PYTHONSAFEPATH": "1"}
    command = ("-m", "dev.prove.guarantees.stock_press", suite.mongo_url, database.name, house.company_id)
    started = [
        await asyncio.create_subprocess_exec(sys.executable, *command, stdin=PIPE, stdout=PIPE, env=environment)
        for _ in range(count)
    ]
    try:
        running = Presses(database, started)
        await running.answer("ready")
        yield running
    finally:
        for process in started:
            if process.returncode is None:
                process.kill()
            await process.wait()
        await suite.mongo.drop_database(database.name)
