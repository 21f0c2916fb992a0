"""A sale that was set aside at a till. It holds no stock and no price: both are looked at again when it goes on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from common.aggregate import Aggregate, Part
from common.errors import Conflict, NotFound
from common.events.orders import SaleDiscarded, SaleHeld, SaleRecalled
from common.money import Money
from services.sales.domain.lines import Priced
from services.sales.domain.record import Actor

KEPT = timedelta(days=7)


class HeldItem(Part):
    """One line as it was set aside; ``listed_price`` is what the catalogue asked then."""

    product_id: str
    variant_id: str | None
    sku: str
    name: str
    quantity: int
    listed_price: Money
    unit_price: Money | None
    discount: Money | None


class HeldSale(Aggregate):
    """``total`` is what it would have cost when it was set aside."""

    shop_id: str
    name: str | None
    items: list[HeldItem]
    total: Money
    customer_id: str | None
    note: str | None
    status: Literal["held", "recalled", "discarded"] = "held"
    held_by: Actor
    expires_at: datetime
    recalled_at: datetime | None = None
    recalled_by: Actor | None = None

    @classmethod
    def hold(
        cls,
        held_sale_id: str,
        company_id: str,
        shop_id: str,
        items: Sequence[HeldItem],
        priced: Priced,
        *,
        name: str | None,
        customer_id: str | None,
        note: str | None,
        now: datetime,
        by: Actor,
    ) -> "HeldSale":
        """Set a sale aside for seven days."""
        held = cls(
            id=held_sale_id,
            company_id=company_id,
            shop_id=shop_id,
            name=name,
            items=list(items),
            total=priced.totals.grand_total,
            customer_id=customer_id,
            note=note,
            held_by=by,
            expires_at=now + KEPT,
            created_at=now,
            updated_at=now,
        )
        held.record(
            SaleHeld(
                held_sale_id=held_sale_id,
                shop_id=shop_id,
                name=name,
                customer_id=customer_id,
                expires_at=held.expires_at,
            )
        )
        return held

    def recall(self, *, now: datetime, by: Actor) -> None:
        """Go on with it at one till. Raises Conflict ``already_recalled``, NotFound once given up or expired."""
        self._require_open(now)
        self.status, self.recalled_at, self.recalled_by = "recalled", now, by
        self.record(SaleRecalled(held_sale_id=self.id, shop_id=self.shop_id))

    def discard(self, *, now: datetime) -> None:
        """Give it up. Raises as :meth:`recall`."""
        self._require_open(now)
        self.status = "discarded"
        self.record(SaleDiscarded(held_sale_id=self.id, shop_id=self.shop_id))

    def require_shown(self, now: datetime) -> None:
        """Raises NotFound once it was given up or has expired."""
        if self.status == "discarded" or (self.status == "held" and now >= self.expires_at):
            raise NotFound("held sale")

    def _require_open(self, now: datetime) -> None:
        self.require_shown(now)
        if self.status == "recalled":
            raise Conflict("already_recalled", "This sale goes on at another till.", recalledAt=self.recalled_at)
