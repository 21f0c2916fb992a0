"""HTTP of the sales service."""

from services.sales.routes import customers, internal, orders, till

ROUTERS = (orders.router, till.router, customers.router, internal.router)
