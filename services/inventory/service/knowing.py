"""What is known of products and companies: from the local copies, else from their owners."""

from collections.abc import Sequence
from typing import Any

from common.errors import NotFound, Unavailable
from common.logging import get_logger
from services.inventory.clients import Neighbours
from services.inventory.domain.product import facts_of
from services.inventory.domain.stock import USUAL_THRESHOLD
from services.inventory.store.products import Companies, Skus

log = get_logger(__name__)

USUAL_TIMEZONE = "UTC"


class Knowing:
    """Copies of SKUs and companies; what is missing is asked for, and kept."""

    def __init__(self, skus: Skus, companies: Companies, neighbours: Neighbours) -> None:
        self._skus = skus
        self._companies = companies
        self._neighbours = neighbours

    async def skus(self, company_id: str, skus: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What is known of these SKUs; one that is absent is none of the company's. Raises Unavailable.

        Catalog is asked once for all that no event has told of. Of a product with variants only theirs are stocked.
        """
        wanted = list(dict.fromkeys(skus))
        known = await self._skus.find(company_id, wanted)
        missing = [sku for sku in wanted if sku not in known]
        if not missing:
            return known
        for product in await self._neighbours.products_with(company_id, missing):
            variants = [(variant["sku"], variant["id"]) for variant in product["variants"]]
            facts = facts_of(product["productId"], product["sku"], product["name"], variants)
            await self._skus.take(company_id, product["sequence"], facts)
        return known | await self._skus.find(company_id, missing)

    async def require_sku(self, company_id: str, sku: str) -> None:
        """Raises NotFound for a SKU that the company does not have, Unavailable when that cannot be asked."""
        if sku not in await self.skus(company_id, [sku]):
            raise NotFound("product")

    async def threshold(self, company_id: str) -> int:
        """The company's low-stock threshold in pieces; the usual one while nobody can tell."""
        company = await self._company(company_id)
        return int(company["threshold"]) if company else USUAL_THRESHOLD

    async def timezone(self, company_id: str) -> str:
        """The company's time zone; UTC while nobody can tell."""
        company = await self._company(company_id)
        return str(company["timezone"]) if company else USUAL_TIMEZONE

    async def _company(self, company_id: str) -> dict[str, Any] | None:
        """Nothing that sells waits for the company service: its event sets right what was made meanwhile."""

        async def ask() -> dict[str, Any] | None:
            told = await self._neighbours.company(company_id)
            if told is None:
                return None
            threshold = told["settings"]["lowStockThreshold"]
            return {"threshold": threshold, "timezone": told["timezone"], "sequence": told["sequence"]}

        try:
            return await self._companies.find(company_id, ask)
        except Unavailable as error:
            log.warning("company_not_known_yet", company=company_id, reason=str(error))
            return None
