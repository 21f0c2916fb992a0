"""The reservation of one order or till sale: what was taken for it, and how far it has come.

reserving → held | failed; held → deducting → deducted; held → releasing → released;
deducted → restocking → restocked; a till sale: taking → deducted. A state in -ing is work under a lease;
whoever finds the lease run out goes on with it.
"""

from datetime import datetime, timedelta
from typing import Literal

from common.aggregate import Aggregate
from common.events.parts import Shortage, StockLine
from common.events.stock import (
    InventoryDeducted,
    InventoryReleased,
    InventoryReserved,
    InventoryRestocked,
    ReservationFailed,
    StockDiscrepancyFound,
)
from services.inventory.domain.allocation import Demand
from services.inventory.domain.derived import reservation_id, stock_id

State = Literal[
    "reserving", "held", "failed", "deducting", "deducted", "releasing", "released", "restocking", "restocked", "taking"
]
ReleaseReason = Literal["cancelled", "expired"]

ENDED: frozenset[State] = frozenset({"failed", "released", "restocked"})
"""Nothing can come of it any more; what is deducted may be restocked at any time."""

BACKSTOP_SECONDS = 60
"""How long after the order's own deadline a hold ends by itself."""


class Reservation(Aggregate):
    """What an order holds or took. ``planned`` is where its goods may have been taken from, from the first try on.

    ``until``: the lease, by the database's clock; nothing is written for this work after it.
    ``wake_at``: when a sweeper must look. ``resumed``: an earlier worker may have done a part of it.
    ``ended_at``: since when nothing can come of it; its trace is kept longer than any event is replayed.
    """

    order_id: str
    shop_id: str | None = None
    state: State
    demand: list[Demand] = []
    planned: list[StockLine] = []
    lines: list[StockLine] = []
    shortages: list[Shortage] = []
    expires_at: datetime | None = None
    reason: ReleaseReason | None = None
    correlation_id: str = ""
    causation_id: str | None = None
    token: str = ""
    until: datetime | None = None
    wake_at: datetime | None = None
    resumed: bool = False
    ended_at: datetime | None = None

    @classmethod
    def begin(
        cls,
        *,
        company_id: str,
        order_id: str,
        shop_id: str | None,
        state: State,
        demand: list[Demand],
        planned: list[StockLine],
        deadline_at: datetime | None,
        now: datetime,
    ) -> "Reservation":
        """A reservation about to be worked on; its lease comes from the database."""
        return cls(
            id=reservation_id(order_id),
            company_id=company_id,
            order_id=order_id,
            shop_id=shop_id,
            state=state,
            demand=demand,
            planned=planned,
            expires_at=deadline_at + timedelta(seconds=BACKSTOP_SECONDS) if deadline_at else None,
            created_at=now,
            updated_at=now,
        )

    @classmethod
    def tombstone(cls, *, company_id: str, order_id: str, shop_id: str | None, now: datetime) -> "Reservation":
        """An order that was cancelled before it was heard of: nothing will ever be taken for it."""
        return cls(
            id=reservation_id(order_id),
            company_id=company_id,
            order_id=order_id,
            shop_id=shop_id,
            state="released",
            reason="cancelled",
            ended_at=now,
            created_at=now,
            updated_at=now,
        )

    def stock_ids(self, lines: list[StockLine] | None = None) -> list[str]:
        """The stock documents of ``lines``; of everything planned, without."""
        chosen = self.planned if lines is None else lines
        return list({stock_id(str(self.company_id), line.warehouse_id, line.sku): None for line in chosen})

    @property
    def is_expiring(self) -> bool:
        """Whether its hold is being ended without the order having been cancelled."""
        return self.state == "releasing" and self.reason != "cancelled"

    def hold(self, lines: list[StockLine]) -> None:
        """All of it is held."""
        assert self.expires_at is not None
        self._move("held", wake_at=self.expires_at)
        self.lines = lines
        self.record(
            InventoryReserved(order_id=self.order_id, shop_id=self.shop_id, lines=lines, expires_at=self.expires_at)
        )

    def fail(self, shortages: list[Shortage]) -> None:
        """Something fell short; nothing is held."""
        self._move("failed")
        self.shortages = shortages
        self.record(ReservationFailed(order_id=self.order_id, shop_id=self.shop_id, shortages=shortages))

    def deduct(self) -> None:
        """The goods left the stock."""
        self._move("deducted")
        self.record(InventoryDeducted(order_id=self.order_id, shop_id=self.shop_id, lines=self.lines))

    def deduct_short(self, shortages: list[Shortage]) -> None:
        """The goods left the stock, whether the books had them or not."""
        self.deduct()
        self.shortages = shortages
        if shortages:
            self.record(StockDiscrepancyFound(order_id=self.order_id, shop_id=self.shop_id, shortages=shortages))

    def release(self) -> None:
        """What was held is free again; nothing is told of a hold that had not been told, such as a broken-off one's."""
        self._move("released")
        if self.lines:
            self.record(
                InventoryReleased(
                    order_id=self.order_id, shop_id=self.shop_id, reason=self.reason or "cancelled", lines=self.lines
                )
            )

    def restock(self) -> None:
        """Deducted goods are back."""
        self._move("restocked")
        self.record(InventoryRestocked(order_id=self.order_id, shop_id=self.shop_id, lines=self.lines))

    def _move(self, state: State, wake_at: datetime | None = None) -> None:
        self.state, self.wake_at, self.until = state, wake_at, None
