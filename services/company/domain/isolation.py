"""What the walk over every route found: the platform's proof that companies do not see each other."""

from datetime import datetime

from common.aggregate import Aggregate, Part
from common.events.tenancy import IsolationReported


class Leak(Part):
    """An answer that showed too much: the route as declared, and the kind of caller. Never what was shown."""

    route: str
    caller: str


class IsolationReport(Aggregate):
    """One walk: how many routes, how many calls by which kind of caller, and what leaked. It names no company."""

    walked_at: datetime
    suite_version: str
    routes: int
    other_addresses: int
    calls: int
    calls_by_caller: dict[str, int]
    leaks: list[Leak]

    def announce(self) -> None:
        """Tell everyone that the platform was tried."""
        self.record(
            IsolationReported(
                report_id=self.id,
                routes=self.routes,
                calls=self.calls,
                leaks=len(self.leaks),
                suite_version=self.suite_version,
            )
        )
