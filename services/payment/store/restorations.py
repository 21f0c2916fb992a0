"""Restorations of this database, written by whoever restores it and worked off here."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from services.payment.domain.stray import Restoration, Taken


class Restorations:
    """The collection ``restorations``: one document each time; it keeps what was given back."""

    COLLECTION = "restorations"

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection = database[self.COLLECTION]

    async def open(self) -> Restoration | None:
        """The oldest that is not worked off yet."""
        found = await self._collection.find_one({"doneAt": None}, sort=[("at", 1)])
        return Restoration(found["_id"], found["since"], found["at"]) if found else None

    async def note(self, restoration: Restoration, taken: Taken) -> None:
        """Keep that this is given back: no payment and no entry of the ledger tells of it."""
        given = {
            "reference": taken.reference,
            "companyId": taken.company_id,
            "orderId": taken.order_id,
            "paymentId": taken.payment_id,
            "amount": {"amount": taken.amount, "currency": taken.currency},
            "captured": taken.is_captured,
        }
        await self._collection.update_one({"_id": restoration.id}, {"$addToSet": {"givenBack": given}})

    async def close(self, restoration: Restoration) -> None:
        """Nothing is left to look for."""
        await self._collection.update_one({"_id": restoration.id}, [{"$set": {"doneAt": "$$NOW"}}])
