"""Messages, devices, dead addresses and counters in MongoDB."""

from pymongo import IndexModel

from services.notification.store.counters import (
    REPORT_INDEXES,
    REPORTS,
    THROTTLE_INDEXES,
    THROTTLES,
    EarlyReports,
    Throttles,
)
from services.notification.store.devices import Devices, Suppressions
from services.notification.store.notifications import Notifications
from services.notification.store.upgrade import upgrade

STAFF_INDEXES = [IndexModel([("companyId", 1), ("role", 1), ("status", 1)], name="company_role")]
INDEXES = {"staff": STAFF_INDEXES, THROTTLES: THROTTLE_INDEXES, REPORTS: REPORT_INDEXES}

__all__ = [
    "INDEXES",
    "STAFF_INDEXES",
    "Devices",
    "EarlyReports",
    "Notifications",
    "Suppressions",
    "Throttles",
    "upgrade",
]
