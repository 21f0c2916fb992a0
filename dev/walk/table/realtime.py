"""Tickets; what a socket shows is tested with the service."""

from dev.walk.callers import BUYERS
from dev.walk.rows import Row

ROWS = [Row("POST /api/realtime/tickets", BUYERS)]
