"""``python -m dev.prove.load.generator``: reads a plan, offers its load, tells what became of it; JSON both ways."""

import asyncio
import json
import os
import sys
import time
from typing import Any

import uvloop

from dev.prove.load.sending import Sender


async def generate(plan: dict[str, Any]) -> dict[str, Any]:
    """All flows beside each other."""
    began, used = time.monotonic(), time.process_time()
    senders = [Sender(flow, plan, number) for number, flow in enumerate(plan["flows"])]
    told = await asyncio.gather(*(sender.run() for sender in senders))
    names = [flow["name"] for flow in plan["flows"]]
    return {
        "seconds": plan["seconds"],
        "wall_seconds": time.monotonic() - began,
        "cpu_seconds": time.process_time() - used,
        "flows": dict(zip(names, told, strict=True)),
    }


if __name__ == "__main__":
    told = memoryview(json.dumps(uvloop.run(generate(json.load(sys.stdin)))).encode())
    os.set_blocking(sys.stdout.fileno(), True)  # a pipe that is full takes a part only, and the rest must follow
    while told:
        told = told[os.write(sys.stdout.fileno(), told) :]
