"""Multi-document transactions, for the places where two documents must agree and neither is hot."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pymongo
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession

Result = TypeVar("Result")
Session = AsyncClientSession

DEADLINE_SECONDS = 10.0


async def transact(client: AsyncMongoClient[dict[str, Any]], work: Callable[[Session], Awaitable[Result]]) -> Result:
    """Run ``work`` in one transaction, repeated on transient conflicts, for at most ten seconds.

    ``work`` may run more than once; it must touch nothing but the database through the session.
    """
    async with client.start_session() as session:
        with pymongo.timeout(DEADLINE_SECONDS):
            return await session.with_transaction(work)
