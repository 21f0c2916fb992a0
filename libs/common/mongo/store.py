"""Tenant-scoped stores: documents ↔ aggregates, optimistic versions, events in the same write."""

import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from common.aggregate import Aggregate
from common.clock import Clock
from common.errors import Conflict, NotFound, VersionConflict
from common.mongo.transactions import Session
from common.outbox import Outbox
from common.pagination import Page, PageRequest

A = TypeVar("A", bound=Aggregate)

HANDLED_KEPT = 64
_PLUMBING = ("outbox", "pendingAt", "handled")


class TenantMissing(RuntimeError):
    """A store was used without a tenant: a mistake in our code, never in a request."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What stores stand on."""

    client: AsyncMongoClient[dict[str, Any]]
    database: AsyncDatabase[dict[str, Any]]
    outbox: Outbox
    clock: Clock


class Store(Generic[A]):
    """One collection of one aggregate type. Opened for a company, or explicitly for the platform.

    Subclasses set ``COLLECTION``, ``MODEL``, ``INDEXES`` and ``TAKEN`` (unique index name → 409 code).
    """

    COLLECTION: ClassVar[str]
    MODEL: ClassVar[type[Any]]
    INDEXES: ClassVar[list[IndexModel]] = []
    TAKEN: ClassVar[dict[str, str]] = {}
    WHAT: ClassVar[str] = "resource"

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.collection: AsyncCollection[dict[str, Any]] = ground.database[self.COLLECTION]
        self._tenant: str | None = None
        self._platform = False
        ground.outbox.watch(self.COLLECTION)

    def for_company(self, company_id: str | None) -> Self:
        """This store, closed to everything but one company. Raises TenantMissing for none."""
        if not company_id:
            raise TenantMissing(self.COLLECTION)
        scoped = copy.copy(self)
        scoped._tenant, scoped._platform = company_id, False
        return scoped

    def for_platform(self) -> Self:
        """This store over all companies: for the platform's own view, sweepers and relays only."""
        scoped = copy.copy(self)
        scoped._tenant, scoped._platform = None, True
        return scoped

    @property
    def company_id(self) -> str:
        """The company this store is open for. Raises TenantMissing."""
        if self._tenant is None:
            raise TenantMissing(self.COLLECTION)
        return self._tenant

    def scope(self, criteria: dict[str, Any] | None = None) -> dict[str, Any]:
        """``criteria`` narrowed to the tenant. Raises TenantMissing when the store is open for nobody."""
        if self._platform:
            return dict(criteria or {})
        return {**(criteria or {}), "companyId": self.company_id}

    async def find(self, aggregate_id: str) -> A | None:
        """One aggregate by id, or None."""
        return await self.find_one({"_id": aggregate_id})

    async def get(self, aggregate_id: str) -> A:
        """One aggregate by id. Raises NotFound, also for another company's."""
        found = await self.find(aggregate_id)
        if found is None:
            raise NotFound(self.WHAT)
        return found

    async def find_one(self, criteria: dict[str, Any], session: Session | None = None) -> A | None:
        """The one aggregate that matches, or None."""
        document = await self.collection.find_one(self.scope(criteria), session=session)
        return self.from_document(document) if document else None

    async def find_many(self, criteria: dict[str, Any], limit: int, sort: str = "_id") -> list[A]:
        """At most ``limit`` aggregates in the order of ``sort``."""
        cursor = self.collection.find(self.scope(criteria)).sort(sort, 1).limit(limit)
        return [self.from_document(document) async for document in cursor]

    async def count(self, criteria: dict[str, Any], limit: int) -> int:
        """How many match, counting no further than ``limit``."""
        return await self.collection.count_documents(self.scope(criteria), limit=max(limit, 1))

    async def page(self, criteria: dict[str, Any], request: PageRequest) -> Page[A]:
        """One page of what matches, in the order asked for."""
        combined = {"$and": [criteria, request.filter()]} if criteria and request.after else {}
        cursor = self.collection.find(self.scope(combined or criteria or request.filter()))
        cursor = cursor.sort([(request.sort, request.direction), ("_id", request.direction)])
        documents = [document async for document in cursor.limit(request.limit + 1)]
        shown = documents[: request.limit]
        following = None
        if len(documents) > request.limit:
            following = request.cursor_for(_dig(shown[-1], request.sort), shown[-1]["_id"])
        return Page(items=[self.from_document(document) for document in shown], next_cursor=following)

    async def insert(self, aggregate: A, *, handled: str | None = None, session: Session | None = None) -> A:
        """Store a new aggregate with its events. Raises Conflict with the code of the index that is taken.

        Inside a transaction the events are not offered to the relay: call :meth:`offer` after the commit.
        """
        document, sealed = self._prepare_insert(aggregate, handled)
        try:
            await self.collection.insert_one(document, session=session)
        except DuplicateKeyError as error:
            raise self.taken(error) from error
        self._settle(aggregate, sealed, offer=session is None)
        return aggregate

    async def insert_many(self, aggregates: list[A]) -> None:
        """Store several new aggregates in one round trip, all with their events; for imports and seeds."""
        prepared = [(aggregate, *self._prepare_insert(aggregate, None)) for aggregate in aggregates]
        if prepared:
            await self.collection.insert_many([document for _, document, _ in prepared], ordered=False)
        for aggregate, _, sealed in prepared:
            self._settle(aggregate, sealed, offer=True)

    async def save(self, aggregate: A, *, handled: str | None = None, session: Session | None = None) -> A:
        """Store a changed aggregate if nobody changed it in between. Raises VersionConflict, and as :meth:`insert`.

        ``handled``: the id of the event that caused it, kept in the document so that a second delivery
        finds it. Only fields that changed are written.
        """
        aggregate.updated_at = self.ground.clock.now()
        update, sealed = self._prepare_update(aggregate, handled)
        criteria: dict[str, Any] = {"_id": aggregate.id, "version": aggregate.version}
        if handled is not None:
            criteria["handled"] = {"$ne": handled}
        try:
            result = await self.collection.update_one(self.scope(criteria), update, session=session)
        except DuplicateKeyError as error:
            raise self.taken(error) from error
        if result.matched_count == 0:
            raise VersionConflict()
        aggregate.version += 1
        if handled is not None:
            aggregate._handled |= {handled}
        self._settle(aggregate, sealed, offer=session is None)
        return aggregate

    def taken(self, error: DuplicateKeyError) -> Exception:
        """The conflict that a duplicate key stands for; the error itself where the index has no code."""
        message = str((error.details or {}).get("errmsg", error))
        for index, code in self.TAKEN.items():
            if f"index: {index} " in message:
                return Conflict(code, f"This {code.removesuffix('_taken').replace('_', ' ')} is already in use.")
        return error

    def offer(self, aggregate_id: str, sealed: list[dict[str, Any]]) -> None:
        """Hand events to the relay once their commit has succeeded, in the order of the document."""
        self.ground.outbox.offer(self.COLLECTION, aggregate_id, sealed)

    def to_document(self, aggregate: A) -> dict[str, Any]:
        """The stored form: camelCase, ``_id`` for the id."""
        document = aggregate.model_dump(by_alias=True)
        document["_id"] = document.pop("id")
        return document

    def from_document(self, document: dict[str, Any]) -> A:
        """The aggregate, with what was read remembered so that a save writes only what changed."""
        handled = frozenset(document.get("handled", ()))
        fields = {name: value for name, value in document.items() if name not in _PLUMBING}
        fields["id"] = fields.pop("_id")
        aggregate: A = self.MODEL.model_validate(fields)
        aggregate._read = fields
        aggregate._handled = handled
        aggregate._unsent = list(document.get("outbox", ()))
        return aggregate

    def _prepare_insert(self, aggregate: A, handled: str | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        if not self._platform and aggregate.company_id != self.company_id:
            raise TenantMissing(f"{self.COLLECTION}: the aggregate belongs to another company")
        sealed = self._seal(aggregate)
        aggregate.sequence += len(sealed)
        aggregate._writing = self.to_document(aggregate)
        document = dict(aggregate._writing)
        document["outbox"] = sealed
        document["handled"] = [handled] if handled else []
        if sealed:
            document["pendingAt"] = self.ground.clock.now()
        return document, sealed

    def _prepare_update(self, aggregate: A, handled: str | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        sealed = self._seal(aggregate)
        aggregate.sequence += len(sealed)
        document, stored = self.to_document(aggregate), self._stored_form(aggregate)
        aggregate._writing = document
        changed = {name: value for name, value in document.items() if name != "_id" and stored.get(name) != value}
        changed["version"] = aggregate.version + 1
        update: dict[str, Any] = {"$set": changed}
        pushes: dict[str, Any] = {}
        if sealed:
            pushes["outbox"] = {"$each": sealed}
            update["$min"] = {"pendingAt": self.ground.clock.now()}
        if handled is not None:
            pushes["handled"] = {"$each": [handled], "$slice": -HANDLED_KEPT}
        if pushes:
            update["$push"] = pushes
        return update, sealed

    def _stored_form(self, aggregate: A) -> dict[str, Any]:
        """What is stored, in the form of :meth:`to_document`; most of what is read is never changed."""
        if aggregate._stored is None and aggregate._read is not None:
            aggregate._stored = self.to_document(self.MODEL.model_validate(aggregate._read))
        return aggregate._stored or {}

    def _seal(self, aggregate: A) -> list[dict[str, Any]]:
        return self.ground.outbox.seal(
            aggregate.recorded,
            company_id=aggregate.company_id,
            sequence=aggregate.sequence,
            shop_id=getattr(aggregate, "shop_id", None),
        )

    def _settle(self, aggregate: A, sealed: list[dict[str, Any]], *, offer: bool) -> None:
        aggregate._recorded.clear()
        aggregate._stored = {**(aggregate._writing or {}), "version": aggregate.version}
        aggregate._read = aggregate._writing = None
        # What a copy that fell, or one that is just about to, has left there goes first: the order is the document's.
        aggregate._sealed = [*aggregate._unsent, *sealed] if sealed else []
        if sealed:
            aggregate._unsent = []
        if offer:
            self.offer(aggregate.id, aggregate._sealed)


def _dig(document: dict[str, Any], path: str) -> Any:
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
