"""Queries without an index, as MongoDB itself notes them while the suite is used."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pymongo import AsyncMongoClient

from common.suite import SERVICES
from dev.provision.environments import database_prefix

OFF, SOME = 0, 1
PROFILE_BYTES = 4 * 1024 * 1024


@asynccontextmanager
async def unindexed(mongo_url: str) -> AsyncIterator[list[str]]:
    """What any service asked, while the block runs, that MongoDB could answer only by reading a whole collection.

    Filled when the block is over: who asked, where, and what. MongoDB's profiler with a filter (``setProfilingLevel``)
    notes nothing else, and so costs nothing else.
    """
    found: list[str] = []
    wanted = {"planSummary": {"$regex": "COLLSCAN"}, "appName": {"$regex": "^markethall-"}}
    async with AsyncMongoClient[dict[str, Any]](mongo_url) as client:
        databases = [client[f"{database_prefix()}{each.database}"] for each in SERVICES.values() if each.database]
        for database in databases:
            await database.command("profile", OFF)
            await database["system.profile"].drop()
            await database.create_collection("system.profile", capped=True, size=PROFILE_BYTES)
            await database.command("profile", SOME, filter=wanted)
        try:
            yield found
        finally:
            for database in databases:
                await database.command({"profile": OFF, "filter": "unset"})
                async for noted in database["system.profile"].find().sort("ts", 1):
                    asked = noted["command"]
                    criteria = asked.get("filter") or asked.get("q") or asked.get("pipeline") or asked.get("query")
                    found.append(f"{noted['appName']} {noted['op']} {noted['ns']} {criteria}")
                await database["system.profile"].drop()
