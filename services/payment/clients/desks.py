"""What other services are asked."""

from typing import Any

from common.clients import ServiceClients
from common.errors import NotFound


class SalesDesk:
    """What sales is asked about an order."""

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients

    async def order(self, company_id: str, order_id: str) -> dict[str, Any]:
        """The order as sales tells it. Raises NotFound."""
        found: dict[str, Any] = await self._clients.get("sales", f"/internal/orders/{order_id}", tenant=company_id)
        return found

    async def instrument(self, company_id: str, order_id: str) -> tuple[str | None, dict[str, Any] | None]:
        """The payment-method token that the order carried, if sales still has it; it never travels in an event.

        And who placed the order from where, if sales says so: ``kind``, ``id``, ``address``.
        """
        try:
            told = await self._clients.get("sales", f"/internal/orders/{order_id}/instrument", tenant=company_id)
        except NotFound:
            return None, None  # sales forgets it when the order ends
        token = told.get("paymentMethodToken")
        return (str(token) if token else None), told.get("placedBy")


class CompanyDesk:
    """What company is asked."""

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients

    async def timezone(self, company_id: str) -> str:
        """The company's time zone, an IANA name."""
        company = await self._clients.get("company", f"/internal/companies/{company_id}", tenant=company_id)
        return str(company["timezone"])

    async def settings(self, company_id: str) -> dict[str, Any]:
        """The company's settings as a local copy keeps them."""
        company = await self._clients.get("company", f"/internal/companies/{company_id}", tenant=company_id)
        return {"settings": company.get("settings") or {}}
