"""What the gateway answers itself."""

from dev.walk.callers import EVERYBODY, SCOPELESS
from dev.walk.rows import Row

ANYBODY = EVERYBODY | {SCOPELESS}

ROWS = [
    Row("GET /health", ANYBODY),
    Row("GET /health/ready", ANYBODY),
    Row("GET /openapi.json", ANYBODY),
    Row("GET /asyncapi.json", ANYBODY),
    Row("GET /docs", ANYBODY),
]
