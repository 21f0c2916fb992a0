"""What auth asks of its neighbours, now and then."""

import asyncio
from typing import Any

from common.clients import CallRefused, ServiceClients
from common.errors import NotFound, Unavailable
from common.logging import get_logger

log = get_logger(__name__)

ASKED_AT_ONCE = 8


class Neighbours:
    """The shop service knows which shops there are; the company service what a plan allows."""

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients

    async def unknown_shops(self, company_id: str, shop_ids: list[str]) -> set[str]:
        """Those of the given that are no shops of the company. Raises Unavailable."""
        turn = asyncio.Semaphore(ASKED_AT_ONCE)

        async def is_known(shop_id: str) -> bool:
            async with turn:
                try:
                    await self._clients.get("shop", f"/internal/shops/{shop_id}", tenant=company_id)
                except NotFound:
                    return False
                return True

        answers = await asyncio.gather(*(is_known(shop_id) for shop_id in shop_ids))
        return {shop_id for shop_id, known in zip(shop_ids, answers, strict=True) if not known}

    async def limits(self, company_id: str) -> dict[str, Any] | None:
        """What the plan of a company allows; None where nobody can tell at the moment."""
        try:
            told = await self._clients.get("company", f"/internal/companies/{company_id}")
        except NotFound:
            return None
        except (Unavailable, CallRefused) as error:
            log.warning("limits_unknown", companyId=company_id, error=repr(error))
            return None
        return {"limits": told.get("limits") or {}}
