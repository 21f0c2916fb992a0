"""What goods cost before: a till that was offline sold at the price it knew."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from common.aggregate import Part
from common.money import Money

KEPT = 40
"""Former prices a product remembers, over all of its variants."""

BELIEVED_FOR = timedelta(days=31)
"""How long a till may have been away and still have known no better."""


class FormerPrice(Part):
    """A price that held until ``until``; ``variant_id`` null for the product's own."""

    variant_id: str | None
    price: Money
    until: datetime


def superseded(known: Mapping[str, Any] | None, fields: Mapping[str, Any], at: datetime) -> list[dict[str, Any]]:
    """The former prices of a product whose copy becomes ``fields`` at ``at``, the latest last."""
    if known is None or not fields.get("price"):
        return []
    before, after = _prices(known), _prices(fields)
    gone = [
        {"variantId": variant_id, "price": price, "until": at}
        for variant_id, price in before.items()
        if price and variant_id in after and after[variant_id] != price
    ]
    return [*(known.get("formerPrices") or []), *gone][-KEPT:]


def was_asked(former: Sequence[FormerPrice], variant_id: str | None, price: Money, sold_at: datetime) -> bool:
    """Whether a till that sold at ``sold_at`` may have known this price as the catalogue's."""
    return any(
        each.variant_id == variant_id and each.price == price and each.until + BELIEVED_FOR >= sold_at
        for each in former
    )


def _prices(copy: Mapping[str, Any]) -> dict[str | None, dict[str, Any] | None]:
    prices: dict[str | None, dict[str, Any] | None] = {None: copy.get("price")}
    prices.update({variant["id"]: variant["price"] for variant in copy.get("variants") or ()})
    return prices
