"""Figures."""

from dev.walk.callers import MANAGERS
from dev.walk.rows import Row

ROWS = [Row("GET /api/analytics/dashboard", MANAGERS, query={"shopId": "shop"})]
