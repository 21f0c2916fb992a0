"""Accounts, and memberships of companies."""

from pymongo import IndexModel

from common.mongo.store import Store
from common.mongo.transactions import Session as Transaction
from services.auth.domain import Account, Membership

MEMBERSHIPS_LIMIT = 100


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
