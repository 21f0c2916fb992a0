"""Messages."""

from dev.walk.callers import BUYERS
from dev.walk.rows import Row

MESSAGE = {"notification_id": "notification"}

ROWS = [
    Row("GET /api/notifications", BUYERS),
    Row("GET /api/notifications/{notification_id}", BUYERS, ids=MESSAGE),
]
