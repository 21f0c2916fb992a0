"""Customers in MongoDB."""

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from common.mongo.store import Store
from services.sales.domain.customer import Customer


class Customers(Store[Customer]):
    """The collection ``customers``."""

    COLLECTION = "customers"
    MODEL = Customer
    WHAT = "customer"
    INDEXES = [
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("name", 1), ("_id", 1)], name="company_name"),
        IndexModel([("companyId", 1), ("tags", 1), ("createdAt", -1), ("_id", -1)], name="company_tags"),
        IndexModel([("companyId", 1), ("groups", 1), ("createdAt", -1), ("_id", -1)], name="company_groups"),
        IndexModel([("companyId", 1), ("nameKey", 1)], name="company_name_key"),
        IndexModel([("companyId", 1), ("phone", 1)], name="company_phone"),
        IndexModel(
            [("companyId", 1), ("email", 1)],
            name="company_email",
            unique=True,
            partialFilterExpression={"email": {"$gt": ""}},
        ),
        IndexModel(
            [("companyId", 1), ("userId", 1)],
            name="company_user",
            unique=True,
            partialFilterExpression={"userId": {"$gt": ""}},
        ),
    ]
    TAKEN = {"company_email": "email_taken"}

    async def of_user(self, user_id: str) -> Customer | None:
        """The record of an account in this company."""
        return await self.find_one({"userId": user_id})

    async def of_email(self, email: str) -> Customer | None:
        """The record that holds an address."""
        return await self.find_one({"email": email})

    async def add(self, customer: Customer) -> Customer | None:
        """Store a record; None when its id or its account has one already. Raises Conflict ``email_taken``."""
        try:
            return await self.insert(customer)
        except DuplicateKeyError:
            return None

    async def save_edited(self, customer: Customer) -> Customer:
        """Store an edited record. Raises VersionConflict, Conflict ``email_taken``."""
        try:
            return await self.save(customer)
        except DuplicateKeyError as error:
            raise self.taken(error) from error
