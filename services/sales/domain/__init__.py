"""Rules of orders, till sales and customers."""
