"""Indexes across versions of a service."""

from pymongo import AsyncMongoClient, IndexModel

from common.mongo.indexes import ensure_indexes
from common.testing import Infrastructure


class TestEnsure:
    async def test_replaces_what_an_earlier_version_declared_otherwise(self, infrastructure: Infrastructure) -> None:
        client = AsyncMongoClient(infrastructure.mongo_url)
        database = client[f"{infrastructure.database_prefix}indexes"]
        kept = IndexModel([("a", 1)], name="kept")
        old = IndexModel([("b", 1)], name="changed", unique=True)
        new = IndexModel([("b", 1), ("c", 1)], name="changed", unique=True)
        await ensure_indexes(database, [("things", [kept, old])])
        await ensure_indexes(database, [("things", [kept, new])])
        found = await database["things"].index_information()
        await client.close()
        assert found["changed"]["key"] == [("b", 1), ("c", 1)]
        assert found["kept"]["key"] == [("a", 1)]
