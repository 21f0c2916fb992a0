"""What facts mean in figures: effects on days, summed into rollups, and the ranges that are asked for."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from common.errors import Invalid
from common.events.parts import OrderLine
from common.money import CurrencyMismatch, Money

LONGEST_DAYS = 1100
DEFAULT_DAYS = 30

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Region:
    """How a company reckons: its time zone and currency."""

    company_id: str
    timezone: str
    currency: str

    def day_of(self, moment: datetime) -> str:
        """The local calendar day of an instant, ``YYYY-MM-DD``."""
        return moment.astimezone(ZoneInfo(self.timezone)).date().isoformat()

    def require(self, amount: Money) -> int:
        """The minor units of ``amount``. Raises CurrencyMismatch for another currency than the company's."""
        if amount.currency != self.currency:
            raise CurrencyMismatch(f"{amount.currency} in the books of {self.company_id}, kept in {self.currency}")
        return amount.amount


@dataclass(frozen=True, slots=True)
class Line:
    """What one product contributed. ``revenue`` in minor units, ``units`` in pieces."""

    product_id: str
    sku: str
    name: str
    units: int
    revenue: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What one fact adds to one day of one shop; amounts in minor units, negative when taken back."""

    day: str
    shop_id: str | None
    revenue: int = 0
    orders: int = 0
    refunds: int = 0
    lines: tuple[Line, ...] = ()

    @property
    def units(self) -> int:
        """Pieces over all lines."""
        return sum(line.units for line in self.lines)


def sold(region: Region, at: datetime, shop_id: str | None, total: Money, lines: Iterable[OrderLine]) -> Effect:
    """An order or till sale, counted on the local day of ``at``."""
    return _trade(region, at, shop_id, total, lines, 1)


def taken_back(region: Region, at: datetime, shop_id: str | None, total: Money, lines: Iterable[OrderLine]) -> Effect:
    """A counted order that was cancelled: the same figures, negative, on the local day of ``at``."""
    return _trade(region, at, shop_id, total, lines, -1)


def refunded(region: Region, at: datetime, shop_id: str | None, amount: Money) -> Effect:
    """Money that went back; revenue stays gross."""
    return Effect(region.day_of(at), shop_id, refunds=region.require(amount))


def _trade(
    region: Region, at: datetime, shop_id: str | None, total: Money, lines: Iterable[OrderLine], sign: int
) -> Effect:
    parts = tuple(
        Line(line.product_id, line.sku, line.name, sign * line.quantity, sign * region.require(line.total))
        for line in lines
    )
    return Effect(region.day_of(at), shop_id, sign * region.require(total), sign, lines=parts)


@dataclass(slots=True)
class Figures:
    """Sums of one day and shop."""

    revenue: int = 0
    orders: int = 0
    units: int = 0
    refunds: int = 0


@dataclass(slots=True)
class ProductFigures:
    """Sums of one product on one day in one shop, with the SKU and name it was last sold under."""

    sku: str
    name: str
    units: int = 0
    revenue: int = 0


ShopDay = tuple[str, str | None]


@dataclass(slots=True)
class Tally:
    """Effects of one company summed in memory, so that many become one update a rollup."""

    region: Region
    days: dict[ShopDay, Figures] = field(default_factory=dict)
    products: dict[tuple[ShopDay, str], ProductFigures] = field(default_factory=dict)

    def add(self, effect: Effect) -> None:
        """Take an effect into the sums."""
        key = (effect.day, effect.shop_id)
        figures = self.days.setdefault(key, Figures())
        figures.revenue += effect.revenue
        figures.orders += effect.orders
        figures.units += effect.units
        figures.refunds += effect.refunds
        for line in effect.lines:
            product = self.products.setdefault((key, line.product_id), ProductFigures(line.sku, line.name))
            product.sku, product.name = line.sku, line.name
            product.units += line.units
            product.revenue += line.revenue


def average(revenue: int, orders: int) -> int:
    """Minor units an order, rounded half up; 0 without orders."""
    return (2 * revenue + orders) // (2 * orders) if orders > 0 else 0


@dataclass(frozen=True, slots=True)
class Range:
    """Whole local days, both included."""

    first: date
    last: date


def read_range(start: str | None, end: str | None, timezone: str, now: datetime) -> Range:
    """The days asked for; the last 30 by default. Raises Invalid ``invalid_query``.

    A bare date is a local day, included. An instant stands for the local day it lies in; as the end
    of a range, local midnight closes the day before it.
    """
    zone = ZoneInfo(timezone)
    last = _day("to", end, zone, closes=True) if end else now.astimezone(zone).date()
    first = _day("from", start, zone) if start else last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last and not _same_instant(start, end):
        raise _refused("from", "must not lie behind `to`")
    if (last - first).days >= LONGEST_DAYS:
        raise _refused("from", f"at most {LONGEST_DAYS} days at once")
    return Range(first, max(first, last))


def _same_instant(start: str | None, end: str | None) -> bool:
    return start is not None and start == end


def _day(name: str, value: str, zone: ZoneInfo, *, closes: bool = False) -> date:
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("an instant needs its offset")
        local = moment.astimezone(UTC) - timedelta(microseconds=1 if closes else 0)
        return local.astimezone(zone).date()
    except (ValueError, OverflowError) as error:
        raise _refused(name, "must be RFC 3339 or YYYY-MM-DD") from error


def _refused(name: str, message: str) -> Invalid:
    return Invalid("invalid_query", "This range cannot be shown.", [(name, message)])


def within(days: Range) -> dict[str, str]:
    """The condition on a stored day."""
    return {"$gte": days.first.isoformat(), "$lte": days.last.isoformat()}


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
