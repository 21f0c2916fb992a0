"""Payments, order accounts and the ledger in MongoDB, and the one commit that keeps them in step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from common.aggregate import Aggregate
from common.errors import VersionConflict
from common.mongo.store import Ground, Store
from common.mongo.transactions import Session, transact
from services.payment.domain import OrderAccount, Payment, Posting

PAYMENTS_OF_AN_ORDER = 50
PROVIDER_EVENT_SECONDS = 30 * 86_400


class Accounts(Store[OrderAccount]):
    """The collection ``order_accounts``; the id is the order's."""

    COLLECTION = "order_accounts"
    MODEL = OrderAccount
    WHAT = "order"


class Payments(Store[Payment]):
    """The collection ``payments``."""

    COLLECTION = "payments"
    MODEL = Payment
    WHAT = "payment"
    INDEXES = [
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("orderId", 1), ("_id", 1)], name="company_order"),
        IndexModel([("companyId", 1), ("shopId", 1), ("createdAt", -1), ("_id", -1)], name="company_shop_created"),
        IndexModel([("companyId", 1), ("status", 1), ("createdAt", -1), ("_id", -1)], name="company_status_created"),
        IndexModel([("dueAt", 1)], name="due", partialFilterExpression={"dueAt": {"$type": "date"}}),
    ]

    async def of_order(self, order_id: str) -> list[Payment]:
        """All payments of an order, oldest first."""
        return await self.find_many({"orderId": order_id}, PAYMENTS_OF_AN_ORDER)

    async def due(self, now: datetime, limit: int) -> list[Payment]:
        """Payments that a sweeper has to look at."""
        return await self.find_many({"dueAt": {"$type": "date", "$lte": now}}, limit, sort="dueAt")


class Books:
    """Writes an account, its payments and their postings in one transaction.

    The three must agree, and none is hot: they belong to one order, whose events are handled in turn, so
    that the transaction practically never meets another. What lost a race raises VersionConflict and is
    decided again from fresh documents.
    """

    LEDGER = "ledger_entries"
    LEDGER_INDEXES = [
        IndexModel([("companyId", 1), ("orderId", 1)], name="company_order"),
        IndexModel([("companyId", 1), ("at", 1)], name="company_at"),
    ]
    PROVIDER_EVENTS = "provider_events"
    PROVIDER_EVENT_INDEXES = [IndexModel([("at", 1)], name="expiry", expireAfterSeconds=PROVIDER_EVENT_SECONDS)]

    def __init__(self, ground: Ground, accounts: Accounts, payments: Payments) -> None:
        self._ground = ground
        self._accounts = accounts
        self._payments = payments
        self.ledger: AsyncCollection[dict[str, Any]] = ground.database[self.LEDGER]
        self.provider_events: AsyncCollection[dict[str, Any]] = ground.database[self.PROVIDER_EVENTS]

    async def commit(
        self, account: OrderAccount, payments: Sequence[Payment] = (), postings: Sequence[Posting] = ()
    ) -> None:
        """Store all of it or nothing. Raises VersionConflict when any of it was changed in between."""
        try:
            if not payments:
                await self._put(self._accounts, account, None)
                return
            await self._transact(account, payments, postings)
        except DuplicateKeyError as error:
            raise VersionConflict() from error
        for payment in payments:
            self._payments.offer(payment.id, payment.sealed)

    async def _transact(self, account: OrderAccount, payments: Sequence[Payment], postings: Sequence[Posting]) -> None:
        started = False

        async def work(session: Session) -> None:
            nonlocal started
            if started:  # the aggregates carry the first run's marks: decide anew instead of writing them twice
                raise VersionConflict()
            started = True
            await self._put(self._accounts, account, session)
            for payment in payments:
                await self._put(self._payments, payment, session)
            for posting in postings:
                await self.ledger.insert_one(posting.to_document(), session=session)

        await transact(self._ground.client, work)

    async def _put(self, store: Store[Any], aggregate: Aggregate, session: Session | None) -> None:
        opened = store.for_company(aggregate.company_id)
        if aggregate.is_stored:
            await opened.save(aggregate, session=session)
        else:
            await opened.insert(aggregate, session=session)

    async def is_posted(self, company_id: str, cause: str) -> bool:
        """Whether this cause stands in the ledger."""
        return await self.ledger.find_one({"_id": f"{company_id}|{cause}"}, {"_id": 1}) is not None

    async def balances(self, company_id: str) -> list[dict[str, Any]]:
        """The balance of every account and currency, in signed minor units."""
        pipeline: list[dict[str, Any]] = [
            {"$match": {"companyId": company_id}},
            {"$unwind": "$lines"},
            {
                "$group": {
                    "_id": {"account": "$lines.account", "currency": "$lines.currency"},
                    "amount": {"$sum": "$lines.amount"},
                }
            },
            {"$sort": {"_id.account": 1, "_id.currency": 1}},
            {"$limit": 1000},
        ]
        cursor = await self.ledger.aggregate(pipeline)
        return [{**row["_id"], "amount": row["amount"]} async for row in cursor]

    async def was_seen(self, event_id: str) -> bool:
        """Whether this provider event was handled."""
        return await self.provider_events.find_one({"_id": event_id}, {"_id": 1}) is not None

    async def mark_seen(self, event_id: str, kind: str) -> None:
        """Remember a handled provider event."""
        document = {"kind": kind, "at": self._ground.clock.now()}
        await self.provider_events.update_one({"_id": event_id}, {"$setOnInsert": document}, upsert=True)
