"""Ids that follow from what they name, so that a second run makes the same ones."""

import hashlib


def derived_id(prefix: str, *parts: str) -> str:
    """An id that is always the same for the same parts."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=13).hexdigest()
    return f"{prefix}_{digest}"


def stock_id(company_id: str, warehouse_id: str, sku: str) -> str:
    """The stock document of a SKU in a warehouse."""
    return derived_id("stk", company_id, warehouse_id, sku)


def default_warehouse_id(shop_id: str) -> str:
    """The warehouse that comes with a shop: known without asking the database."""
    return derived_id("whs", shop_id)


def reservation_id(order_id: str) -> str:
    """The one reservation of an order."""
    return f"rsv_{order_id.partition('_')[2] or order_id}"
