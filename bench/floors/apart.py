"""Runs a floor in a process of its own and counts its time together with that of the servers it asks."""

import asyncio
import importlib
import multiprocessing
import time
from multiprocessing.connection import Connection
from typing import Any

import uvloop

from bench.ground import Ground
from bench.usage import usage_of

SERVERS = ("mongod", "rabbitmq")


async def cost(ground: Ground, work: str, **told: Any) -> float:
    """CPU milliseconds of one operation of ``module:coroutine_function``, which returns how many it did."""
    before = await asyncio.to_thread(usage_of, ground.suite.home)
    done, own = await asyncio.to_thread(_apart, work, told)
    after = await asyncio.to_thread(usage_of, ground.suite.home)
    used = after.since(before)
    return (own * 1000 + sum(used.get(server, 0.0) for server in SERVERS)) / done


def _apart(work: str, told: dict[str, Any]) -> tuple[int, float]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(work, told, there))
    process.start()
    there.close()
    try:
        answer: tuple[int, float] = here.recv()
    finally:
        process.join()
    return answer


def _run(work: str, told: dict[str, Any], there: Connection) -> None:
    module, _, name = work.partition(":")
    function = getattr(importlib.import_module(module), name)

    async def timed() -> tuple[int, float]:
        began = time.process_time()
        done: int = await function(**told)
        return done, time.process_time() - began

    there.send(uvloop.run(timed()))
    there.close()
