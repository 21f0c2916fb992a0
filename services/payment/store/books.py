"""The one commit that keeps an account, its payments and the ledger in step."""

from collections.abc import Sequence
from typing import Any

import bson
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from common.errors import VersionConflict
from common.mongo.store import Ground
from services.payment.domain import OrderAccount, Payment, Posting
from services.payment.store import ledger
from services.payment.store.order_accounts import Accounts
from services.payment.store.payments import Payments


class Books:
    """Commits an account, its payments and their postings as one.

    The write of the account is the commit: it carries the other writes, which follow at once and are finished
    by whoever reads the account next if the process dies in between. A multi-document transaction would do,
    but one whose process is killed holds its documents for a minute, and it costs more.
    """

    def __init__(self, ground: Ground, accounts: Accounts, payments: Payments) -> None:
        self._ground = ground
        self._accounts = accounts
        self._payments = payments
        self.ledger: AsyncCollection[dict[str, Any]] = ground.database[ledger.COLLECTION]

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
        return bson.encode({"collection": ledger.COLLECTION, "criteria": None, "body": posting.to_document()})

    async def post(self, postings: Sequence[Posting]) -> None:
        """Enter postings that belong to no order's account, each once under its cause."""
        for posting in postings:
            document = posting.to_document()
            await self.ledger.update_one({"_id": document.pop("_id")}, {"$setOnInsert": document}, upsert=True)

    async def is_posted(self, company_id: str, cause: str) -> bool:
        """Whether this cause stands in the ledger."""
        return await self.ledger.find_one({"_id": f"{company_id}|{cause}"}, {"_id": 1}) is not None
