"""Figures."""

from dev.walk.callers import MANAGERS
from dev.walk.rows import Row

SHOP = {"shopId": "shop"}

ROWS = [
    Row("GET /api/analytics/dashboard", MANAGERS, query=SHOP),
    Row("GET /api/analytics/summary/overview", MANAGERS, query=SHOP),
    Row("GET /api/analytics/sales-metrics", MANAGERS, query=SHOP),
    Row("GET /api/analytics/product-performance", MANAGERS, query=SHOP),
    Row("GET /api/analytics/orders", MANAGERS, query=SHOP),
    Row("GET /api/analytics/payments", MANAGERS, query=SHOP),
    Row("GET /api/analytics/inventory", MANAGERS, query=SHOP),
    Row("GET /api/analytics/real-time/current", MANAGERS, query=SHOP),
    Row("GET /api/analytics/products/{product_id}", MANAGERS, ids={"product_id": "product"}),
    Row("GET /api/analytics/customers/{customer_id}", MANAGERS, ids={"customer_id": "customer"}),
]
