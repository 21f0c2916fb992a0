"""What sales asks of its neighbours when a local copy is missing."""

from typing import Any

from common.clients import ServiceClients
from common.errors import NotFound


class Neighbours:
    """catalog, company and shop over REST."""

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients

    async def company(self, company_id: str) -> dict[str, Any] | None:
        """Settings, currency and time zone; None for an unknown company."""
        return await self._get("company", f"/internal/companies/{company_id}", company_id)

    async def shop(self, company_id: str, shop_id: str) -> dict[str, Any] | None:
        """A shop; None for another company's."""
        return await self._get("shop", f"/internal/shops/{shop_id}", company_id)

    async def cart(self, company_id: str, cart_id: str) -> dict[str, Any] | None:
        """A cart by id or token; None for an unknown one."""
        return await self._get("catalog", f"/internal/carts/{cart_id}", company_id)

    async def products(self, company_id: str, product_ids: list[str]) -> list[dict[str, Any]]:
        """Those of the products that exist."""
        told = await self._clients.post(
            "catalog", "/internal/products/lookup", {"productIds": product_ids}, tenant=company_id
        )
        found: list[dict[str, Any]] = told["items"]
        return found

    async def _get(self, service: str, path: str, company_id: str) -> dict[str, Any] | None:
        try:
            told: dict[str, Any] = await self._clients.get(service, path, tenant=company_id)
        except NotFound:
            return None
        return told
