"""Accounts, memberships, sessions and signing keys in MongoDB."""

from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from common.mongo.store import Store
from common.mongo.transactions import Session as Transaction
from services.auth.domain import Account, Membership, Session, Tries

DAY_SECONDS = 86_400
MEMBERSHIPS_LIMIT = 100
SESSIONS_LIMIT = 1000
SNAPSHOT_LIMIT = 50_000
COMPANIES_LIMIT = 10_000


class Accounts(Store[Account]):
    """The collection ``users``. The realm takes the tenant's place: addresses are looked up inside one."""

    COLLECTION = "users"
    MODEL = Account
    WHAT = "user"
    INDEXES = [IndexModel([("realm", 1), ("email", 1)], name="realm_email", unique=True)]
    TAKEN = {"realm_email": "email_taken"}

    async def by_address(self, realm: str, email: str) -> Account | None:
        """The account of an address in a realm."""
        return await self.for_platform().find_one({"realm": realm, "email": email})


class Memberships(Store[Membership]):
    """The collection ``memberships``."""

    COLLECTION = "memberships"
    MODEL = Membership
    WHAT = "user"
    INDEXES = [
        IndexModel([("companyId", 1), ("userId", 1)], name="company_user", unique=True),
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("email", 1), ("_id", 1)], name="company_email"),
        IndexModel([("companyId", 1), ("role", 1), ("status", 1)], name="company_role"),
        IndexModel([("userId", 1)], name="user"),
    ]
    TAKEN = {"company_user": "account_exists"}

    async def of_user(self, user_id: str, transaction: Transaction | None = None) -> Membership | None:
        """A person's membership in the company that this store is open for."""
        return await self.find_one({"userId": user_id}, transaction)

    async def everywhere(self, user_id: str) -> list[Membership]:
        """All memberships of a person, oldest first."""
        return await self.for_platform().find_many({"userId": user_id}, MEMBERSHIPS_LIMIT)

    async def has_other_admin(self, membership_id: str, transaction: Transaction) -> bool:
        """Whether somebody else administers the company.

        The guard document is written by whoever asks, so that two admins who leave at once conflict.
        """
        guards = self.ground.database["admin_guards"]
        await guards.update_one({"_id": self.company_id}, {"$inc": {"asked": 1}}, upsert=True, session=transaction)
        other = {"role": "company_admin", "status": "active", "_id": {"$ne": membership_id}}
        return await self.find_one(other, transaction) is not None


class Sessions(Store[Session]):
    """The collection ``sessions``; the platform's own, since whoever refreshes names no company."""

    COLLECTION = "sessions"
    MODEL = Session
    WHAT = "session"
    INDEXES = [
        IndexModel([("familyHash", 1)], name="family", unique=True),
        IndexModel([("userId", 1), ("companyId", 1), ("endedAt", 1)], name="user"),
        IndexModel([("endedAt", 1)], name="ended"),
        IndexModel([("expiresAt", 1)], name="expiry", expireAfterSeconds=DAY_SECONDS),
    ]

    async def of_family(self, family_hash: str) -> Session | None:
        """The session that a refresh token belongs to."""
        return await self.for_platform().find_one({"familyHash": family_hash})

    async def live(self, user_id: str, company_id: str | None, transaction: Transaction) -> list[Session]:
        """A person's sessions in one company that have not ended."""
        criteria = {"userId": user_id, "companyId": company_id, "endedAt": None}
        found = self.collection.find(criteria, session=transaction).limit(SESSIONS_LIMIT)
        return [self.from_document(document) async for document in found]

    async def ended_since(self, moment: Any) -> list[dict[str, Any]]:
        """Sessions that ended after ``moment``, as the revocation snapshot shows them."""
        found = self.collection.find({"endedAt": {"$gt": moment}}, {"userId": 1, "endedAt": 1}).limit(SNAPSHOT_LIMIT)
        return [
            {"userId": one["userId"], "sessionId": one["_id"], "revokedBefore": int(one["endedAt"].timestamp()) + 1}
            async for one in found
        ]


class TriesOfAddresses(Store[Tries]):
    """The collection ``sign_in_tries``; a day is longer than any window, and than a broker's absence."""

    COLLECTION = "sign_in_tries"
    MODEL = Tries
    INDEXES = [IndexModel([("since", 1)], name="expiry", expireAfterSeconds=DAY_SECONDS)]
    TAKEN = {"_id_": "tries_taken"}


class SigningKeys:
    """The collection ``signing_keys``, one document a generation: two copies that start together agree."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection = database["signing_keys"]

    async def keep_first(self, generation: dict[str, Any]) -> None:
        """Store the first generation unless one is there."""
        try:
            await self._collection.insert_one({**generation, "_id": 1})
        except DuplicateKeyError:
            return

    async def all(self) -> list[dict[str, Any]]:
        """Every generation, newest first."""
        return [document async for document in self._collection.find().sort("_id", -1).limit(10)]


class CompanyStatuses:
    """The collection ``companies``: which tenants are suspended or closed, as last announced."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection = database["companies"]

    async def inactive(self) -> list[str]:
        """The ids of companies whose tokens stop."""
        found = self._collection.find({"status": {"$ne": "active"}}, {"_id": 1}).limit(COMPANIES_LIMIT)
        return [document["_id"] async for document in found]

    async def inactive_among(self, company_ids: list[str]) -> set[str]:
        """Those of the given companies that are not active."""
        criteria = {"_id": {"$in": company_ids}, "status": {"$ne": "active"}}
        return {document["_id"] async for document in self._collection.find(criteria).limit(len(company_ids) or 1)}
