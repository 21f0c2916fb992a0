"""Devices and dead addresses in MongoDB."""

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from common.mongo.store import Store
from services.notification.domain import DEVICES_LIMIT, Channel, Device, Suppression

ACTIVE = {"active": True}
REMOVED_KEPT_SECONDS = 7 * 86_400
_EXPIRY = IndexModel([("removedAt", 1)], name="expiry", expireAfterSeconds=REMOVED_KEPT_SECONDS)


class Devices(Store[Device]):
    """The collection ``devices``. A token belongs to the person who registered it last."""

    COLLECTION = "devices"
    MODEL = Device
    WHAT = "device"
    INDEXES = [
        IndexModel([("token", 1)], name="token", unique=True, partialFilterExpression=ACTIVE),
        IndexModel([("userId", 1), ("createdAt", -1), ("_id", -1)], name="user"),
        _EXPIRY,
        IndexModel([("companyId", 1), ("customerId", 1)], name="company_customer", sparse=True),
    ]

    async def of(self, user_id: str | None, customer_id: str | None, company_id: str | None) -> list[Device]:
        """The devices of one person, whichever company they were registered in."""
        if user_id is not None:
            return await self.for_platform().find_many({"userId": user_id, **ACTIVE}, DEVICES_LIMIT)
        if customer_id is not None and company_id is not None:
            return await self.for_company(company_id).find_many({"customerId": customer_id, **ACTIVE}, DEVICES_LIMIT)
        return []

    async def insert_new(self, device: Device) -> bool:
        """Store a device; False when its token is already known."""
        try:
            await self.insert(device)
        except DuplicateKeyError:
            return False
        return True


class Suppressions(Store[Suppression]):
    """The collection ``suppressions``; one entry a company, channel and address."""

    COLLECTION = "suppressions"
    MODEL = Suppression
    WHAT = "suppression"
    INDEXES = [
        IndexModel(
            [("companyId", 1), ("channel", 1), ("address", 1)],
            name="address",
            unique=True,
            partialFilterExpression=ACTIVE,
        ),
        _EXPIRY,
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
    ]

    async def has(self, channel: Channel, address: str) -> bool:
        """Whether nothing may be sent there."""
        criteria = self.scope({"channel": channel, "address": address.lower(), **ACTIVE})
        return await self.collection.find_one(criteria, {"_id": 1}) is not None

    async def insert_once(self, suppression: Suppression) -> None:
        """Note a dead address; a second time changes nothing."""
        try:
            await self.insert(suppression)
        except DuplicateKeyError:
            return
