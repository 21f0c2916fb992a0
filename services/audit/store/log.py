"""Chained audit events in MongoDB: one chain a company, one for the platform itself."""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, cast

import bson
from pymongo import AsyncMongoClient, IndexModel, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase

from common.messaging.feed import FeedBatch
from common.messaging.positions import FeedPositions
from common.mongo.transactions import Session, transact
from common.pagination import Page, PageRequest
from services.audit.domain import ChainHead

Chaining = Callable[[ChainHead, Iterable[dict[str, Any]]], tuple[ChainHead, list[dict[str, Any]]]]

WATCHER = "audit"
PART_EVENTS = 500
UNSEALED_AT_ONCE = 500
PLATFORM = "platform"

EVENT_INDEXES = [
    IndexModel([("companyId", 1), ("sequence", 1)], name="company_sequence", unique=True),
    IndexModel([("companyId", 1), ("eventId", 1)], name="company_event", unique=True),
    IndexModel([("companyId", 1), ("createdAt", 1), ("_id", 1)], name="company_created"),
    IndexModel([("companyId", 1), ("resource.id", 1), ("createdAt", 1), ("_id", 1)], name="company_resource"),
    IndexModel([("companyId", 1), ("actor.id", 1), ("createdAt", 1), ("_id", 1)], name="company_actor"),
    IndexModel([("companyId", 1), ("action", 1), ("createdAt", 1), ("_id", 1)], name="company_action"),
    IndexModel([("companyId", 1), ("requestId", 1), ("createdAt", 1), ("_id", 1)], name="company_request"),
    IndexModel([("companyId", 1), ("actor.type", 1), ("createdAt", 1), ("_id", 1)], name="company_actor_type"),
    IndexModel([("companyId", 1), ("resource.type", 1), ("createdAt", 1), ("_id", 1)], name="company_resource_type"),
]
HEAD_INDEXES = [
    IndexModel([("isSealed", 1)], name="unsealed", partialFilterExpression={"isSealed": False}),
]


class AuditLog:
    """The collections ``audit_events`` and ``chains``. ``company_id`` None is the platform's own chain."""

    EVENTS = "audit_events"
    CHAINS = "chains"

    def __init__(
        self,
        client: AsyncMongoClient[dict[str, Any]],
        database: AsyncDatabase[dict[str, Any]],
        positions: FeedPositions,
    ) -> None:
        self._client = client
        self._events = database[self.EVENTS]
        self._chains = database[self.CHAINS]
        self._positions = positions

    async def append(self, batch: FeedBatch, described: list[dict[str, Any]], chaining: Chaining) -> int:
        """Chain what is not in the log yet, with the feed's position, in one commit; returns how many were new.

        Raises Fenced when another copy of the service has taken over.
        """

        async def commit(session: Session) -> int:
            await self._positions.advance(WATCHER, batch.position, fence=batch.fence, session=session)
            fresh = await self._fresh(described, session)
            heads = await self._heads(fresh, session)
            finished: list[dict[str, Any]] = []
            for company_id, events in fresh.items():
                heads[company_id], placed = chaining(heads[company_id], events)
                finished += placed
            if finished:
                await self._events.insert_many([_to_document(event) for event in finished], session=session)
                await self._chains.bulk_write([_to_head(heads[company]) for company in fresh], session=session)
            return len(finished)

        return await transact(self._client, commit)

    async def _fresh(self, described: list[dict[str, Any]], session: Session) -> dict[str | None, list[dict[str, Any]]]:
        """By company and in order: what the log does not hold yet, each once."""
        ids = [event["id"] for event in described]
        cursor = self._events.find({"_id": {"$in": ids}}, {"_id": 1}, session=session).limit(len(ids) or 1)
        known = {document["_id"] async for document in cursor}
        fresh: dict[str | None, list[dict[str, Any]]] = {}
        for event in described:
            if event["id"] not in known:
                known.add(event["id"])
                fresh.setdefault(event["companyId"], []).append(event)
        return fresh

    async def _heads(self, companies: Iterable[str | None], session: Session) -> dict[str | None, ChainHead]:
        heads = {company: ChainHead(company) for company in companies}
        keys = [_chain_id(company) for company in heads]
        async for document in self._chains.find({"_id": {"$in": keys}}, session=session).limit(len(keys) or 1):
            heads[document["companyId"]] = _from_head(document)
        return heads

    async def head(self, company_id: str | None) -> ChainHead:
        """The end of a chain; an empty one where nothing was recorded."""
        document = await self._chains.find_one({"_id": _chain_id(company_id)})
        return _from_head(document) if document else ChainHead(company_id)

    async def unsealed(self) -> list[ChainHead]:
        """Chains that moved since their last checkpoint, up to 500 of them, of whatever company."""
        cursor = self._chains.find({"isSealed": False}).limit(UNSEALED_AT_ONCE)
        return [_from_head(document) async for document in cursor]

    async def mark_sealed(self, head: ChainHead) -> None:
        """Note that a checkpoint says as much as this; a chain that has moved on meanwhile stays unsealed."""
        criteria = {"_id": _chain_id(head.company_id), "count": head.count}
        await self._chains.update_one(criteria, {"$set": {"isSealed": True}})

    async def find(self, company_id: str | None, event_id: str) -> dict[str, Any] | None:
        """One event of a chain by its own id."""
        document = await self._events.find_one({"_id": event_id, "companyId": company_id})
        return _from_document(document) if document else None

    async def bounds(self, company_id: str | None, criteria: dict[str, Any], last: int) -> tuple[int, int] | None:
        """The first and last sequence, up to ``last``, of the events that match; None where none does."""
        ends = []
        for direction in (1, -1):
            every = {"$and": [{"companyId": company_id, "sequence": {"$lte": last}}, criteria]}
            found = await self._events.find_one(every, {"sequence": 1}, sort=[("sequence", direction)])
            if found is None:
                return None
            ends.append(int(found["sequence"]))
        return ends[0], ends[1]

    async def exceeds(self, head: ChainHead) -> bool:
        """Whether the chain holds events that its head does not account for; appending moves both at once."""
        beyond = {"companyId": head.company_id, "sequence": {"$gt": head.count}}
        if await self._events.find_one(beyond, {"_id": 1}) is None:
            return False
        return (await self.head(head.company_id)).count <= head.count

    async def parts(self, company_id: str | None, last: int, first: int = 1) -> AsyncIterator[bytes]:
        """A chain from sequence ``first`` to ``last`` in its order, in parts of 500 events for :func:`read_part`."""
        criteria = {"companyId": company_id, "sequence": {"$gte": first, "$lte": last}}
        cursor = self._events.find_raw_batches(criteria, batch_size=PART_EVENTS).sort("sequence", 1)
        async with cursor:
            async for part in cursor:
                yield cast(bytes, part)  # raw batches are typed as the documents in them

    async def page(
        self, company_id: str | None, criteria: dict[str, Any], request: PageRequest
    ) -> Page[dict[str, Any]]:
        """One page of a chain's events that match."""
        every = [part for part in ({"companyId": company_id}, criteria, request.filter()) if part]
        cursor = self._events.find({"$and": every})
        cursor = cursor.sort([(request.sort, request.direction), ("_id", request.direction)])
        documents = [document async for document in cursor.limit(request.limit + 1)]
        shown = [_from_document(document) for document in documents[: request.limit]]
        following = None
        if len(documents) > request.limit:
            following = request.cursor_for(shown[-1][request.sort], shown[-1]["id"])
        return Page(items=shown, next_cursor=following)


def read_part(part: bytes) -> list[dict[str, Any]]:
    """The events of a part as shown; decoding many is work for a thread."""
    return [_from_document(document) for document in bson.decode_all(part)]


def _chain_id(company_id: str | None) -> str:
    return company_id or PLATFORM


def _to_head(head: ChainHead) -> UpdateOne:
    change = {"companyId": head.company_id, "count": head.count, "hash": head.hash, "isSealed": False}
    return UpdateOne({"_id": _chain_id(head.company_id)}, {"$set": change}, upsert=True)


def _from_head(document: dict[str, Any]) -> ChainHead:
    return ChainHead(document["companyId"], document["count"], document["hash"])


def _to_document(event: dict[str, Any]) -> dict[str, Any]:
    return {"_id": event["id"], **{name: value for name, value in event.items() if name != "id"}}


def _from_document(document: dict[str, Any]) -> dict[str, Any]:
    return {"id": document["_id"], **{name: value for name, value in document.items() if name != "_id"}}
