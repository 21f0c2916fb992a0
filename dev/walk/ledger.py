"""What stands in the databases about one company: a digest of every document, to see whether anything changed."""

import hashlib
from typing import Any

import bson
import pymongo

from common.suite import SERVICES

VOLATILE = frozenset({"chains", "checkpoints", "feed_positions", "idempotency_keys", "inbox", "leases", "positions"})
"""What changes by itself, such as the signed ends of audit chains, or only says that a request came by."""

OWNER = ("companyId", "realm", "_id")
"""Where a document says whose it is."""


def digest(mongo_url: str, prefix: str, company_id: str) -> dict[str, str]:
    """A hash by ``database.collection/id`` of every document that names the company."""
    found: dict[str, str] = {}
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        for spec in SERVICES.values():
            if not spec.database:
                continue
            database = client[prefix + spec.database]
            for name in sorted(set(database.list_collection_names()) - VOLATILE):
                for document in database[name].find({"$or": [{field: company_id} for field in OWNER]}):
                    found[f"{spec.database}.{name}/{document['_id']}"] = hashlib.sha256(
                        bson.encode(document)
                    ).hexdigest()
    return found
