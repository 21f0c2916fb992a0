"""Orders, customers, notes, views, number series and payment instruments in MongoDB."""

from services.sales.store.customers import Customers
from services.sales.store.instruments import Instruments
from services.sales.store.notes import Notes
from services.sales.store.numbers import NumberSeries
from services.sales.store.orders import Orders
from services.sales.store.views import Views

__all__ = ["Customers", "Instruments", "Notes", "NumberSeries", "Orders", "Views"]
