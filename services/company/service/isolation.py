"""Keeping what the walks over all routes found, and showing the newest to every company."""

from typing import Any

from common.clock import Clock
from common.ids import new_id
from services.company.domain import IsolationReport
from services.company.store import IsolationReports


class IsolationService:
    """The platform's isolation reports."""

    def __init__(self, reports: IsolationReports, clock: Clock) -> None:
        self._reports = reports
        self._clock = clock

    async def publish(self, found: dict[str, Any]) -> IsolationReport:
        """Keep one walk's report, which every company may read from then on."""
        now = self._clock.now()
        report = IsolationReport(id=new_id("iso"), company_id=None, created_at=now, updated_at=now, **found)
        report.announce()
        return await self._reports.for_platform().insert(report)

    async def newest(self) -> IsolationReport:
        """The report of the latest walk. Raises NotFound while there is none."""
        return await self._reports.for_platform().newest()
