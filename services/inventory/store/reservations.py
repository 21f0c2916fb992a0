"""Reservations: claimed with a lease by the database's clock, concluded only while it runs."""

from datetime import UTC, datetime
from typing import Any

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from common.errors import VersionConflict
from common.ids import sortable_part
from common.mongo.indexes import DAY_SECONDS
from common.mongo.store import Store
from services.inventory.domain.derived import reservation_id
from services.inventory.domain.reservation import ENDED, Reservation, State
from services.inventory.store.expressions import alive

LEASE_MS = 5_000
"""How long a worker may write for a reservation it has claimed."""

GUARD_MS = 5_000
"""How much later somebody else may claim it: longer than any single command of the first worker runs."""

KEPT_DAYS = 40
"""How long what has ended is remembered: longer than the feed (7 days) and the inbox (30 days) can repeat an event."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_LEASED: dict[str, Any] = {
    "until": {"$add": ["$$NOW", LEASE_MS]},
    "wakeAt": {"$add": ["$$NOW", LEASE_MS + GUARD_MS]},
}
_RUN_OUT: dict[str, Any] = {"$lt": ["$wakeAt", "$$NOW"]}


class Reservations(Store[Reservation]):
    """The collection ``reservations``: one document an order, kept after its end as a tombstone."""

    COLLECTION = "reservations"
    MODEL = Reservation
    WHAT = "reservation"
    INDEXES = [
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("orderId", 1)], name="company_order"),
        IndexModel([("companyId", 1), ("state", 1), ("createdAt", -1), ("_id", -1)], name="company_state"),
        IndexModel([("companyId", 1), ("shopId", 1), ("createdAt", -1), ("_id", -1)], name="company_shop"),
        IndexModel([("companyId", 1), ("demand.sku", 1), ("createdAt", -1), ("_id", -1)], name="company_sku"),
        IndexModel([("companyId", 1), ("lines.warehouseId", 1), ("createdAt", -1), ("_id", -1)], name="company_place"),
        IndexModel([("endedAt", 1)], name="forgotten", expireAfterSeconds=KEPT_DAYS * DAY_SECONDS),
        IndexModel([("wakeAt", 1)], name="due", partialFilterExpression={"wakeAt": {"$gt": EPOCH}}),
    ]

    async def begin(self, reservation: Reservation) -> Reservation | None:
        """Store and lease a new reservation, or take over one whose worker is gone. None: not ours to do."""
        token = sortable_part()
        fresh = self.to_document(reservation) | {"token": token, "outbox": [], "handled": []}
        begun = {"$mergeObjects": [{"$literal": fresh}, _LEASED]}
        taken_over = {
            "$mergeObjects": [
                "$$ROOT",
                _LEASED,
                {"token": token, "resumed": True, "version": {"$add": ["$version", 1]}},
            ]
        }
        again = {"$and": [{"$eq": ["$state", reservation.state]}, _RUN_OUT]}
        branches = [
            {"case": {"$eq": [{"$type": "$state"}, "missing"]}, "then": begun},
            {"case": again, "then": taken_over},
        ]
        try:
            document = await self.collection.find_one_and_update(
                self.scope({"_id": reservation.id}),
                [{"$replaceWith": {"$switch": {"branches": branches, "default": "$$ROOT"}}}],
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError as error:
            raise VersionConflict from error
        assert document is not None  # it is made when it is missing
        return self.from_document(document) if document["token"] == token else None

    async def claim(
        self,
        order_id: str,
        states: tuple[State, ...],
        to: State,
        *,
        expired_only: bool = False,
        abandoned_only: bool = False,
        **fields: Any,
    ) -> Reservation | None:
        """Lease the reservation and move it on, or go on where a worker is gone. None: it is not in these states.

        ``expired_only``: from ``states`` only once its own expiry has passed; ``abandoned_only``: only once the
        lease of who works on it has run out. Both by the database's clock. ``fields`` are set where null.
        """
        ready: dict[str, Any] = {"state": {"$in": list(states)}}
        if expired_only:
            ready["$expr"] = {"$lt": ["$expiresAt", "$$NOW"]}
        if abandoned_only:
            ready["$expr"] = _RUN_OUT
        criteria = {"_id": reservation_id(order_id), "$or": [ready, {"state": to, "$expr": _RUN_OUT}]}
        change = {
            "state": to,
            "resumed": {"$eq": ["$state", to]},
            "token": sortable_part(),
            "version": {"$add": ["$version", 1]},
            **{name: {"$ifNull": [f"${name}", {"$literal": value}]} for name, value in fields.items()},
            **_LEASED,
        }
        document = await self.collection.find_one_and_update(
            self.scope(criteria), [{"$set": change}], return_document=ReturnDocument.AFTER
        )
        return self.from_document(document) if document else None

    async def conclude(self, reservation: Reservation, until: datetime | None) -> None:
        """Save what the worker came to. Raises VersionConflict when its lease ran out or was taken over."""
        reservation.updated_at = now = self.ground.clock.now()
        reservation.ended_at = now if reservation.state in ENDED else None
        update, sealed = self._prepare_update(reservation, None)
        criteria = {"_id": reservation.id, "version": reservation.version, "$expr": alive(until)}
        result = await self.collection.update_one(self.scope(criteria), update)
        if result.matched_count == 0:
            raise VersionConflict
        reservation.version += 1
        self._settle(reservation, sealed, offer=True)

    async def bury(self, tombstone: Reservation) -> None:
        """Store a tombstone. Raises VersionConflict when the order has been heard of in between."""
        try:
            await self.collection.insert_one(self.to_document(tombstone) | {"outbox": [], "handled": []})
        except DuplicateKeyError as error:
            raise VersionConflict from error

    async def note_cancelled(self, order_id: str) -> None:
        """Remember that an order whose reservation had ended before was cancelled: nothing is taken for it later."""
        criteria = {"_id": reservation_id(order_id), "state": {"$in": ["released", "failed"]}}
        await self.collection.update_one(
            self.scope(criteria), {"$set": {"reason": "cancelled"}, "$inc": {"version": 1}}
        )

    async def of_order(self, order_id: str) -> Reservation | None:
        """The reservation of an order, if it has been heard of."""
        return await self.find(reservation_id(order_id))

    async def wavering(self, order_ids: list[str]) -> set[str]:
        """Those of the orders whose holds end or may end: in work for more than one part, or ended without a sale."""
        if not order_ids:
            return set()
        several = [{"state": "reserving", f"{parts}.1": {"$exists": True}} for parts in ("demand", "planned")]
        ended = {"state": {"$in": ["failed", "releasing", "released"]}}
        criteria = {"orderId": {"$in": order_ids}, "$or": [*several, ended]}
        found = self.collection.find(self.scope(criteria), {"orderId": 1}).limit(len(order_ids))
        return {document["orderId"] async for document in found}

    async def due(self, limit: int) -> list[Reservation]:
        """Reservations that a sweeper must look at, of all companies, by the database's clock."""
        criteria = {"wakeAt": {"$gt": EPOCH}, "$expr": _RUN_OUT}
        found = self.collection.find(self.scope(criteria)).sort("wakeAt", 1).limit(limit)
        return [self.from_document(document) async for document in found]
