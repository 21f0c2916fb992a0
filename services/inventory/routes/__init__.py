"""HTTP of the inventory service, by noun."""

from services.inventory.routes import adjustments, stock, warehouses

ROUTERS = (warehouses.router, adjustments.router, stock.router)

__all__ = ["ROUTERS"]
