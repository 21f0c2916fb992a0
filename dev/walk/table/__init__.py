"""The expected answers, a module a service. A route without a row fails the build."""

from dev.walk.rows import Row
from dev.walk.table import (
    analytics,
    audit,
    auth,
    carts,
    catalog,
    company,
    customers,
    debt,
    gateway,
    inventory,
    notification,
    payment,
    realtime,
    sales,
    shop,
    till,
    users,
)

ROWS: list[Row] = [
    *gateway.ROWS,
    *auth.ROWS,
    *users.ROWS,
    *company.ROWS,
    *shop.ROWS,
    *catalog.ROWS,
    *carts.ROWS,
    *sales.ROWS,
    *till.ROWS,
    *customers.ROWS,
    *payment.ROWS,
    *inventory.ROWS,
    *notification.ROWS,
    *realtime.ROWS,
    *audit.ROWS,
    *analytics.ROWS,
    *debt.ROWS,
]
