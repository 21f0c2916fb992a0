"""The MongoDB client of one process: majority writes, UTC datetimes, bounded waits."""

from datetime import UTC
from typing import Any

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from common.mongo.waiting import make_waits_safe
from common.settings import ServiceSettings

CODEC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)
SELECTION_MS = 5_000
POOL_WAIT_MS = 8_000
"""Who finds every connection taken for so long is told to come back; without an end they would pile up unseen."""


def open_client(settings: ServiceSettings) -> AsyncMongoClient[dict[str, Any]]:
    """A client for this process. Open it after the fork: connections and tasks belong to one loop."""
    make_waits_safe()
    return AsyncMongoClient(
        settings.mongo_url.get_secret_value(),
        appname=f"markethall-{settings.service}",
        w="majority",
        retryWrites=True,
        serverSelectionTimeoutMS=SELECTION_MS,
        connectTimeoutMS=SELECTION_MS,
        maxPoolSize=settings.mongo_connections,
        waitQueueTimeoutMS=POOL_WAIT_MS,
        tz_aware=True,
        tzinfo=UTC,
    )


def open_database(client: AsyncMongoClient[dict[str, Any]], name: str) -> AsyncDatabase[dict[str, Any]]:
    """The service's own database; it holds no right to any other."""
    return client.get_database(name, codec_options=CODEC)


def pool_use(client: AsyncMongoClient[dict[str, Any]]) -> tuple[int, int]:
    """Connections in use, and open, over all servers.

    Read from the driver's own books: its listeners would be called three times an operation.
    """
    pools = [server.pool for server in client._topology._servers.values()]
    return sum(pool.active_sockets for pool in pools), sum(pool.active_sockets + len(pool.conns) for pool in pools)
