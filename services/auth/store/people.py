"""Accounts, and memberships of companies."""

from typing import Any

from pymongo import IndexModel

from common.errors import Conflict
from common.mongo.store import Store
from common.mongo.transactions import Session as Transaction
from services.auth.domain import Account, CustomRole, Membership

MEMBERSHIPS_LIMIT = 100
SNAPSHOT_LIMIT = 10_000
HOLDERS_LIMIT = 2000


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
        IndexModel([("companyId", 1), ("roleId", 1)], name="company_role_id"),
        IndexModel([("userId", 1)], name="user"),
        IndexModel([("tokensFrom", 1)], name="tokens_from"),
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
        await self._guard(transaction)
        other = {"role": "company_admin", "status": "active", "roleId": None, "_id": {"$ne": membership_id}}
        return await self.find_one(other, transaction) is not None

    async def require_room(self, limit: int | None, transaction: Transaction) -> None:
        """Raises Conflict ``plan_limit_reached`` when as many work here as the plan allows, also in parallel."""
        if limit is None:
            return
        await self._guard(transaction)
        criteria = self.scope({"status": {"$in": ["active", "invited"]}})
        if await self.collection.count_documents(criteria, session=transaction, limit=limit + 1) >= limit:
            raise Conflict("plan_limit_reached", f"The company's plan allows {limit} people.", limit=limit)

    async def holders(self, role_id: str, transaction: Transaction) -> list[Membership]:
        """Who has a role of the company's own, also those who do not work here any more."""
        found = self.collection.find(self.scope({"roleId": role_id}), session=transaction).limit(HOLDERS_LIMIT)
        return [self.from_document(document) async for document in found]

    async def cut_since(self, second: int) -> list[dict[str, Any]]:
        """Whose tokens were stopped after ``second`` (since 1970), as the revocation snapshot shows them."""
        found = self.collection.find({"tokensFrom": {"$gt": second}}, {"userId": 1, "tokensFrom": 1})
        return [
            {"userId": one["userId"], "sessionId": None, "revokedBefore": one["tokensFrom"]}
            async for one in found.limit(SNAPSHOT_LIMIT)
        ]

    async def _guard(self, transaction: Transaction) -> None:
        guards = self.ground.database["admin_guards"]
        await guards.update_one({"_id": self.company_id}, {"$inc": {"asked": 1}}, upsert=True, session=transaction)


class Roles(Store[CustomRole]):
    """The collection ``roles``."""

    COLLECTION = "roles"
    MODEL = CustomRole
    WHAT = "role"
    INDEXES = [
        IndexModel(
            [("companyId", 1), ("name", 1)],
            name="company_name",
            unique=True,
            partialFilterExpression={"deletedAt": {"$type": "null"}},
        ),
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
    ]
    TAKEN = {"company_name": "name_taken"}

    async def hold(self, role_id: str, transaction: Transaction) -> bool:
        """Whether the role is there; written to, so that its end or change at this moment conflicts."""
        result = await self.collection.update_one(
            self.scope({"_id": role_id, "deletedAt": None}), {"$inc": {"given": 1}}, session=transaction
        )
        return result.matched_count > 0
