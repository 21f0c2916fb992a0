"""Carts that a shopper has put aside under a name."""

from datetime import datetime

from common.aggregate import Aggregate
from common.errors import Conflict
from services.catalog.domain.cart import Cart, CartLine

SAVED_LIMIT = 50


class SavedCart(Aggregate):
    """A copy of a cart's lines; like a cart it holds no prices."""

    owner_id: str
    name: str
    lines: list[CartLine]

    @classmethod
    def of(cls, cart: Cart, name: str, *, saved_id: str, owner_id: str, now: datetime) -> "SavedCart":
        """The cart as it is now, put aside. Raises Conflict ``cart_empty``."""
        if not cart.lines:
            raise Conflict("cart_empty", "There is nothing in this cart to put aside.")
        return cls(
            id=saved_id,
            company_id=cart.company_id,
            owner_id=owner_id,
            name=name,
            lines=list(cart.lines),
            created_at=now,
            updated_at=now,
        )
