"""Runs the generator in a process of its own."""

import asyncio
import sys
from urllib.parse import urlsplit

from dev.home import REPOSITORY
from dev.prove.load.plan import Flow, plan
from dev.prove.load.told import Told, read_all

GRACE_SECONDS = 60.0


async def offer(
    url: str, flows: list[Flow], *, seconds: float, warm_seconds: float = 0.0, seed: str = ""
) -> dict[str, Told]:
    """Offers the flows beside each other; each one's outcome by its name. Raises RuntimeError.

    What is due in the first ``warm_seconds`` is sent and not counted; all of it lasts ``warm_seconds + seconds``.
    """
    parts = urlsplit(url)
    assert parts.hostname is not None and parts.port is not None
    told = plan(flows, host=parts.hostname, port=parts.port, seconds=seconds, warm_seconds=warm_seconds, seed=seed)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dev.prove.load.generator",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=REPOSITORY,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds + warm_seconds + GRACE_SECONDS):
            out, _ = await process.communicate(told.encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"the load generator ended with {process.returncode}")
    return read_all(out)
