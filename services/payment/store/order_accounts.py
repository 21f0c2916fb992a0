"""The collection of order accounts, and the finishing of what a commit decided."""

from contextlib import suppress
from datetime import datetime
from typing import Any

import bson
from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from common.mongo.client import CODEC
from common.mongo.store import Store
from common.mongo.transactions import Session
from services.payment.domain import OrderAccount


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
