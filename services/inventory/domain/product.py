"""Which SKUs of a product are stocked."""

from collections.abc import Sequence
from typing import Any


def facts_of(product_id: str, sku: str, name: str, variants: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """A fact a stocked SKU, as kept in the copies; of a product with variants (SKU, id) only theirs are stocked."""
    stocked: list[tuple[str, str | None]] = [*variants] or [(sku, None)]
    return [{"sku": own, "productId": product_id, "variantId": variant, "name": name} for own, variant in stocked]
