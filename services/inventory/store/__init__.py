"""Warehouses, stock, the ledger, reservations and copies of others' facts in MongoDB."""

from services.inventory.store.ledger import Ledger, MovementRelay
from services.inventory.store.products import Companies, Skus
from services.inventory.store.reservations import Reservations
from services.inventory.store.stock import Stock
from services.inventory.store.warehouses import Warehouses

STORES = (Warehouses, Stock, Reservations, Ledger)

__all__ = ["STORES", "Companies", "Ledger", "MovementRelay", "Reservations", "Skus", "Stock", "Warehouses"]
