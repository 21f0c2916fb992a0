"""Orders, customers, number series and payment instruments in MongoDB."""

from services.sales.store.customers import Customers
from services.sales.store.instruments import Instruments
from services.sales.store.numbers import NumberSeries
from services.sales.store.orders import Orders

__all__ = ["Customers", "Instruments", "NumberSeries", "Orders"]
