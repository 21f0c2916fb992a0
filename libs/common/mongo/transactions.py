"""Multi-document transactions, for the places where two documents must agree and neither is hot."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import pymongo
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

Result = TypeVar("Result")
Session = AsyncClientSession

DEADLINE_SECONDS = 10.0


async def transact(client: AsyncMongoClient[dict[str, Any]], work: Callable[[Session], Awaitable[Result]]) -> Result:
    """Run ``work`` in one transaction, repeated on transient conflicts, for at most ten seconds.

    ``work`` may run more than once; it must touch nothing but the database through the session.
    """
    async with client.start_session() as session:
        try:
            with pymongo.timeout(DEADLINE_SECONDS):
                return await session.with_transaction(work)
        except PyMongoError as error:
            if error.timeout:
                await _give_up(client, session)
            raise


async def _give_up(client: AsyncMongoClient[dict[str, Any]], session: Session) -> None:
    """End on the server what ran out of time here: the driver has no time left to say so.

    Left open it would keep its documents locked until the server gives it up, against its own next try, too: measured,
    a watcher that stood still for 35 s because each try ran into the one before.
    """
    with suppress(PyMongoError):
        await client.admin.command("killSessions", [session.session_id])
