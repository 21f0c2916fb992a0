"""Rules of warehouses, stock, its ledger, and reservations."""
