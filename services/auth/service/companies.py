"""Which companies are suspended, as the company service announces it."""

from common.copies import LocalCopies
from common.errors import Forbidden
from services.auth.store import CompanyStatuses


class Companies:
    """The copy of companies' statuses that sign-in and refresh obey."""

    def __init__(self, copies: LocalCopies, statuses: CompanyStatuses) -> None:
        self._copies = copies
        self._statuses = statuses

    async def note(self, company_id: str, status: str, sequence: int) -> None:
        """A company was suspended, closed or reactivated; older news change nothing."""
        await self._copies.take(company_id, company_id, sequence, {"status": status})

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
