"""HTTP of the sales service."""

from services.sales.routes import (
    customers,
    fulfilments,
    held,
    internal,
    notes,
    orders,
    overview,
    receipts,
    returns,
    till,
)

ROUTERS = (
    overview.router,  # fixed paths before /api/orders/{order_id}
    orders.router,
    fulfilments.router,
    notes.router,
    till.router,
    returns.router,
    held.router,
    receipts.router,
    receipts.internal,
    customers.router,
    internal.router,
)
