"""What inventory asks of its neighbours when a local copy is missing."""

from collections.abc import Sequence
from typing import Any

from common.clients import ServiceClients
from common.errors import NotFound


class Neighbours:
    """catalog and company over REST."""

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients

    async def products_with(self, company_id: str, skus: Sequence[str]) -> list[dict[str, Any]]:
        """The company's products that have one of these SKUs, or a variant with it. Raises Unavailable."""
        told = await self._clients.post("catalog", "/internal/products/lookup", {"skus": list(skus)}, tenant=company_id)
        found: list[dict[str, Any]] = told["items"]
        return found

    async def company(self, company_id: str) -> dict[str, Any] | None:
        """Settings and time zone; None for an unknown company. Raises Unavailable."""
        try:
            told: dict[str, Any] = await self._clients.get(
                "company", f"/internal/companies/{company_id}", tenant=company_id
            )
        except NotFound:
            return None
        return told
