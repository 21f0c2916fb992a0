"""The expected answers, a module a service. A route without a row fails the build."""

from dev.walk.rows import Row
from dev.walk.table import (
    analytics,
    audit,
    auth,
    catalog,
    company,
    debt,
    gateway,
    inventory,
    notification,
    payment,
    realtime,
    sales,
    shop,
)

ROWS: list[Row] = [
    *gateway.ROWS,
    *auth.ROWS,
    *company.ROWS,
    *shop.ROWS,
    *catalog.ROWS,
    *sales.ROWS,
    *payment.ROWS,
    *inventory.ROWS,
    *notification.ROWS,
    *realtime.ROWS,
    *audit.ROWS,
    *analytics.ROWS,
    *debt.ROWS,
]
