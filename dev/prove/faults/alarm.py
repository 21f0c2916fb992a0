"""A broker that has no memory left: it takes no message until the alarm ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from dev.prove.suite import ProvedSuite

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmqctl")
NOTHING = "0.00001"
USUAL = ("absolute", "1GB")
ANSWER_SECONDS = 120.0
POLL_SECONDS = 0.2


@asynccontextmanager
async def memory_alarm(suite: ProvedSuite) -> AsyncIterator[None]:
    """The alarm is in force inside; it is over, as the broker says itself, on the way out."""
    try:
        await _set_watermark(suite, NOTHING)
        await _until(suite, alarmed=True)
        yield
    finally:
        await _set_watermark(suite, *USUAL)
        await _until(suite, alarmed=False)


async def is_alarmed(suite: ProvedSuite) -> bool:
    """Whether the broker says that its memory alarm is in force."""
    nodes = await asyncio.to_thread(suite.broker.get, "/api/nodes")
    return any(bool(node.get("mem_alarm")) for node in nodes)


async def _until(suite: ProvedSuite, *, alarmed: bool) -> None:
    async with asyncio.timeout(ANSWER_SECONDS):
        while await is_alarmed(suite) is not alarmed:
            await asyncio.sleep(POLL_SECONDS)


async def _set_watermark(suite: ProvedSuite, *value: str) -> None:
    await broker_command(suite, "set_vm_memory_high_watermark", *value)


async def broker_command(suite: ProvedSuite, *words: str) -> None:
    """The broker's own command, in the broker's own environment. Raises RuntimeError when it refuses."""
    environment = await asyncio.to_thread(_environment_of, await suite.pid("rabbitmq"))
    asked = await asyncio.create_subprocess_exec(
        str(PROGRAM), *words, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(ANSWER_SECONDS):
        said, _ = await asked.communicate()
    if asked.returncode:
        raise RuntimeError(f"rabbitmqctl: {said.decode()[-500:]}")


def _environment_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return {name: value for name, _, value in (line.partition("=") for line in lines) if name}
