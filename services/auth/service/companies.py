"""Which companies are suspended, and what their plans allow, as the company service announces it."""

from typing import Any

from common.copies import LocalCopies
from common.errors import Forbidden
from services.auth.clients import Neighbours
from services.auth.store import CompanyStatuses


class Companies:
    """The copies of companies' statuses, which sign-in and refresh obey, and of their limits."""

    def __init__(
        self, copies: LocalCopies, limits: LocalCopies, statuses: CompanyStatuses, neighbours: Neighbours
    ) -> None:
        self._copies = copies
        self._limits = limits
        self._neighbours = neighbours
        self._statuses = statuses

    async def note(self, company_id: str, status: str, sequence: int) -> None:
        """A company was suspended, closed or reactivated; older news change nothing."""
        await self._copies.take(company_id, company_id, sequence, {"status": status})

    async def note_limits(self, company_id: str, limits: dict[str, Any], sequence: int) -> None:
        """What a plan allows now; older news change nothing."""
        await self._limits.take(company_id, company_id, sequence, {"limits": limits})

    async def staff_limit(self, company_id: str) -> int | None:
        """How many people may work for a company; None: as many as it likes, or nobody can tell."""
        copy = await self._limits.find(company_id, company_id, lambda: self._neighbours.limits(company_id))
        limit = copy["limits"].get("staff") if copy else None
        return int(limit) if limit is not None else None

    async def inactive(self) -> list[str]:
        """The companies whose tokens stop."""
        return await self._statuses.inactive()

    async def inactive_among(self, company_ids: list[str]) -> set[str]:
        """Those of the given that are suspended or closed."""
        return await self._statuses.inactive_among(company_ids) if company_ids else set()

    async def require_active(self, company_id: str | None) -> None:
        """Raises Forbidden ``company_suspended``."""
        if company_id is not None and await self.inactive_among([company_id]):
            raise suspended()


def suspended() -> Forbidden:
    """The refusal of a suspended or closed company's people."""
    return Forbidden("company_suspended", "This company is suspended.")
