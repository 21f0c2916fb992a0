"""Payments, order accounts and the ledger in MongoDB, and the one commit that keeps them in step."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import bson
from pymongo import IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from common.errors import VersionConflict
from common.mongo.client import CODEC
from common.mongo.store import Ground, Store
from common.mongo.transactions import Session
from services.payment.domain import OrderAccount, Payment, Posting

PAYMENTS_OF_AN_ORDER = 50
PROVIDER_EVENT_SECONDS = 30 * 86_400


class Accounts(Store[OrderAccount]):
    """The collection ``order_accounts``; the id is the order's.

    An account that is read is finished first: what its last commit decided is written before anything else
    is decided on it, also when the process that decided it has died.
    """

    COLLECTION = "order_accounts"
    MODEL = OrderAccount
    WHAT = "order"
    INDEXES = [
        IndexModel(
            [("unfinishedAt", 1)], name="unfinished", partialFilterExpression={"unfinishedAt": {"$type": "date"}}
        )
    ]

    async def find_one(self, criteria: dict[str, Any], session: Session | None = None) -> OrderAccount | None:
        """The one account that matches, finished, or None."""
        found = await super().find_one(criteria, session)
        if found is not None and found.unfinished:
            await self.finish(found)
        return found

    async def finish_left_behind(self, before: datetime, limit: int) -> None:
        """Finish what was decided before this instant by a process that died since."""
        for account in await self.find_many({"unfinishedAt": {"$type": "date", "$lt": before}}, limit, "unfinishedAt"):
            await self.finish(account)

    async def finish(self, account: OrderAccount) -> None:
        """Write what the account's last commit decided; each write is harmless when it was done before."""
        for encoded in account.unfinished:
            await self._write(bson.decode(encoded, CODEC))
        account.unfinished, account.unfinished_at = [], None
        criteria = {"_id": account.id, "companyId": account.company_id, "version": account.version}
        await self.collection.update_one(criteria, {"$set": {"unfinished": [], "unfinishedAt": None}})

    async def _write(self, step: dict[str, Any]) -> None:
        collection = self.ground.database[step["collection"]]
        if step["criteria"] is not None:
            await collection.update_one(step["criteria"], step["body"])
            return
        with suppress(DuplicateKeyError):
            await collection.insert_one(step["body"])


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

    def prepare(self, payment: Payment) -> bytes:
        """The write that stores this payment, with its events, as a step of its account's commit."""
        scoped = self.for_company(payment.company_id)
        if payment.is_stored:
            payment.updated_at = self.ground.clock.now()
            criteria = {"_id": payment.id, "companyId": payment.company_id, "version": payment.version}
            body, sealed = scoped._prepare_update(payment, None)
            payment.version += 1
        else:
            criteria = None
            body, sealed = scoped._prepare_insert(payment, None)
        self._settle(payment, sealed, offer=False)
        return bson.encode({"collection": self.COLLECTION, "criteria": criteria, "body": body}, codec_options=CODEC)

    async def of_order(self, order_id: str) -> list[Payment]:
        """All payments of an order, oldest first."""
        return await self.find_many({"orderId": order_id}, PAYMENTS_OF_AN_ORDER)

    async def due(self, now: datetime, limit: int) -> list[Payment]:
        """Payments that a sweeper has to look at."""
        return await self.find_many({"dueAt": {"$type": "date", "$lte": now}}, limit, sort="dueAt")


class Books:
    """Commits an account, its payments and their postings as one.

    The write of the account is the commit: it carries the other writes, which follow at once and are finished
    by whoever reads the account next if the process dies in between. A multi-document transaction would do,
    but one whose process is killed holds its documents for a minute, and it costs more.
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
        """Store all of it or nothing. Raises VersionConflict when the account was changed in between."""
        steps = [self._payments.prepare(payment) for payment in payments]
        steps += [self._step(posting) for posting in postings]
        account.unfinished, account.unfinished_at = steps, self._ground.clock.now() if steps else None
        opened = self._accounts.for_company(account.company_id)
        try:
            await (opened.save(account) if account.is_stored else opened.insert(account))
        except DuplicateKeyError as error:
            raise VersionConflict() from error
        if steps:
            await self._accounts.finish(account)
        for payment in payments:
            self._payments.offer(payment.id, payment.sealed)

    def _step(self, posting: Posting) -> bytes:
        return bson.encode({"collection": self.LEDGER, "criteria": None, "body": posting.to_document()})

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
