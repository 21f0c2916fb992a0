"""What debt knows of customers: a local copy fed by events, asked at sales when it is missing."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from common.clients import ServiceClients
from common.copies import LocalCopies
from common.errors import NotFound


class Customers:
    """Customers by id, in the collection ``customer_copies``: whether they exist, and their names."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], clients: ServiceClients) -> None:
        self._copies = LocalCopies(database, "customer_copies")
        self._clients = clients

    async def take(self, company_id: str, customer_id: str, sequence: int, name: str | None) -> None:
        """Keep what an event tells, unless something newer is there."""
        await self._copies.take(company_id, customer_id, sequence, {"name": name})

    async def require(self, company_id: str, customer_id: str) -> None:
        """Raises NotFound for no customer of this company, Unavailable when sales has to be asked and is away."""
        if await self._copies.find(company_id, customer_id, lambda: self._ask(company_id, customer_id)) is None:
            raise NotFound("customer")

    async def names(self, company_id: str, customer_ids: list[str]) -> dict[str, str | None]:
        """The names of those that are known here."""
        found = await self._copies.find_many(company_id, customer_ids) if customer_ids else {}
        return {customer_id: copy["name"] for customer_id, copy in found.items()}

    async def _ask(self, company_id: str, customer_id: str) -> dict[str, Any] | None:
        try:
            told = await self._clients.get("sales", f"/internal/customers/{customer_id}", tenant=company_id)
        except NotFound:
            return None
        return {"name": told["name"], "sequence": told["sequence"]}
