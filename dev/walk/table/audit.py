"""The audit log."""

from dev.walk.callers import ADMINS
from dev.walk.rows import Row

ROWS = [
    Row("GET /api/audit/events", ADMINS, query={"actor": "shop_staff", "eventId": "audit_event"}),
    Row("GET /api/audit/events/{event_id}", ADMINS, ids={"event_id": "audit_event"}),
    Row("GET /api/audit/verify", ADMINS),
    Row("GET /api/audit/checkpoints", ADMINS),
    Row("GET /api/audit/export", ADMINS),
]
