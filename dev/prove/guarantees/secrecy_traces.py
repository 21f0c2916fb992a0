"""What the suite leaves behind, and what may not be found in it, however it is written."""

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Iterable, Iterator
from urllib.parse import quote

import aio_pika
import httpx2
from aio_pika.exceptions import ChannelNotFoundEntity
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient

from common.messaging.topology import FEED_PREFIX, dead_queue, read_epoch
from common.suite import SERVICES
from dev.prove.guarantees.payments_provider import CALL_SECONDS
from dev.prove.stage import Stage
from dev.provision.environments import database_prefix

SHORTEST = 10
"""A secret of fewer characters is found by chance."""

LATEST_LOG_BYTES = 4 * 1024 * 1024
QUIET_SECONDS = 1.5

Blob = tuple[str, bytes]
"""Where it was found, and what stands there."""


def needles(secrets: dict[str, str]) -> dict[bytes, str]:
    """Each secret as it is, in base64 with any neighbours, in hex and in addresses; by what it is."""
    found: dict[bytes, str] = {}
    for name, secret in secrets.items():
        if len(secret) < SHORTEST:
            continue
        raw = secret.encode()
        for form in {raw, binascii.hexlify(raw), quote(secret, safe="").encode(), *_base64(raw)}:
            found[form] = name
    return found


def _base64(raw: bytes) -> Iterator[bytes]:
    """The characters that stand for these bytes alone, wherever in a text they begin."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw)
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        yield coded[first:last]
        yield base64.urlsafe_b64encode(b"\0" * before + raw)[first:last]


def search(blobs: Iterable[Blob], sought: dict[bytes, str]) -> set[str]:
    """What was found, and where; never the secret itself."""
    return {f"{name} in {where}" for where, content in blobs for form, name in sought.items() if form in content}


async def databases(stage: Stage) -> AsyncIterator[list[Blob]]:
    """The latest documents of every collection, as they are stored; one collection at a time."""
    most = stage.pick(400, 50_000)
    client: AsyncMongoClient[RawBSONDocument] = AsyncMongoClient(stage.suite.mongo_url, document_class=RawBSONDocument)
    async with client:
        for spec in SERVICES.values():
            if spec.database is None:
                continue
            database = client[f"{database_prefix()}{spec.database}"]
            for name in await database.list_collection_names():
                if name.startswith("system."):
                    continue
                cursor = database[name].find(sort=[("$natural", -1)], limit=most)
                documents = [document.raw async for document in cursor]
                stage.count("documents searched", len(documents))
                yield [(f"{spec.database}.{name}", b"\n".join(documents))]


def logs(stage: Stage) -> list[Blob]:
    """The end of every log."""
    found = []
    for path in sorted(stage.suite.home.logs.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                file.seek(max(path.stat().st_size - stage.pick(LATEST_LOG_BYTES // 4, LATEST_LOG_BYTES * 16), 0))
                found.append((f"log {path.name}", file.read()))
    stage.count("logs searched", len(found))
    return found


async def metrics(stage: Stage) -> list[Blob]:
    """What each service tells the monitoring."""
    found = []
    async with httpx2.AsyncClient(timeout=CALL_SECONDS) as http:
        for service in SERVICES:
            answer = await http.get(stage.suite.home.service_url(service) + "/metrics")
            found.append((f"metrics of {service}", answer.content))
    return found


async def messages(stage: Stage, since_seconds: float) -> list[Blob]:
    """What lies in the feed since then, and in the dead queues."""
    found: list[Blob] = []
    connection = await aio_pika.connect(stage.suite.amqp, timeout=CALL_SECONDS)
    async with connection:
        epoch = await read_epoch(await connection.channel(), wait_seconds=CALL_SECONDS)
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=500)
        arrived = asyncio.Event()

        async def receive(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            found.append(("the feed", message.body + repr(message.headers).encode()))
            await message.ack()
            arrived.set()

        feed = await channel.get_queue(f"{FEED_PREFIX}{epoch}", ensure=False)
        tag = await feed.consume(receive, arguments={"x-stream-offset": f"{max(int(since_seconds), 60)}s"})
        while await _arrives(arrived):
            arrived.clear()
        await feed.cancel(tag)
        for service in SERVICES:
            found += await _letters(await connection.channel(), dead_queue(service))
    stage.count("messages searched", len(found))
    return found


async def _letters(channel: aio_pika.abc.AbstractChannel, queue: str) -> list[Blob]:
    """The first dead letter, put back; those who only watch have no such queue."""
    try:
        letter = await (await channel.get_queue(queue, ensure=True)).get(fail=False)
    except ChannelNotFoundEntity:
        return []
    if letter is None:
        return []
    await letter.nack(requeue=True)
    return [(queue, letter.body)]


async def _arrives(arrived: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(QUIET_SECONDS):
            return await arrived.wait()
    except TimeoutError:
        return False
