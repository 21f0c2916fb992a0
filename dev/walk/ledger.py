"""What stands in the databases about one company: a digest of every collection, to see whether anything changed."""

import hashlib
from typing import Any

import bson
import pymongo

from common.suite import SERVICES

VOLATILE = frozenset({"leases", "feed_positions", "positions", "inbox", "idempotency_keys"})
"""What changes by itself, or only says that a request came by."""


def digest(mongo_url: str, prefix: str, company_id: str) -> dict[str, str]:
    """A hash by ``database.collection`` over every document that names the company."""
    found: dict[str, str] = {}
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        for spec in SERVICES.values():
            if not spec.database:
                continue
            database = client[prefix + spec.database]
            for name in sorted(set(database.list_collection_names()) - VOLATILE):
                found[f"{spec.database}.{name}"] = _hash_of(database[name], company_id)
    return found


def _hash_of(collection: Any, company_id: str) -> str:
    whole = hashlib.sha256()
    owned = {"$or": [{"companyId": company_id}, {"realm": company_id}, {"_id": company_id}]}
    for document in collection.find(owned).sort("_id", 1):
        whole.update(bson.encode(document))
    return whole.hexdigest()
