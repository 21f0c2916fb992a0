"""Figures as they are shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.analytics.domain.ranges import Range


def average(revenue: int, orders: int) -> int:
    """Minor units an order, rounded half up; 0 without orders."""
    return (2 * revenue + orders) // (2 * orders) if orders > 0 else 0


@dataclass(frozen=True, slots=True)
class TopProduct:
    """A product by what it brought in."""

    product_id: str
    sku: str
    name: str
    units: int
    revenue: int


@dataclass(frozen=True, slots=True)
class Day:
    """The figures of one local day."""

    day: str
    revenue: int
    orders: int
    units: int
    refunds: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Figures over a range in one currency."""

    days: Range
    currency: str
    timezone: str
    by_day: Sequence[Day]
    top: Sequence[TopProduct]


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over a range. ``revenue``, ``refunds`` and ``amount`` in minor units; ``count`` of happenings."""

    revenue: int = 0
    orders: int = 0
    units: int = 0
    refunds: int = 0
    count: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Slice:
    """The sums of one value of a dimension, such as the channel ``web``; ``name`` where people gave it one."""

    key: str
    sums: Sums
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Slices over a range in one currency."""

    days: Range
    currency: str
    timezone: str
    slices: Sequence[Slice]
    totals: Sums = field(default_factory=Sums)


@dataclass(frozen=True, slots=True)
class CustomerFigures:
    """What a customer bought, since the first order that was counted."""

    customer_id: str
    name: str | None
    orders: int
    units: int
    revenue: int
    first_at: str | None
    last_at: str | None
