"""What facts mean in figures: effects on days, summed into rollups."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from common.events.parts import OrderLine
from common.money import CurrencyMismatch, Money

Dimension = Literal["channel", "category", "order", "cancel_reason", "payment_method", "payment_failure", "stock"]
"""Along what a day is broken down.

``order``: placed, confirmed, cancelled, fulfilled; ``stock``: reasons of movements; ``category``: of products
as they are filed when the sale is counted.
"""

UNFILED = "none"
"""The category of a product that has none."""


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
class Part:
    """What one fact adds to one value of a dimension; ``amount`` in minor units, ``count`` of happenings."""

    dimension: Dimension
    value: str
    revenue: int = 0
    orders: int = 0
    units: int = 0
    refunds: int = 0
    count: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Effect:
    """What one fact adds to one day of one shop; amounts in minor units, negative when taken back.

    ``customer_id``: whose purchase it was, made ``at`` (RFC 3339).
    """

    day: str
    shop_id: str | None
    revenue: int = 0
    orders: int = 0
    refunds: int = 0
    lines: tuple[Line, ...] = ()
    parts: tuple[Part, ...] = ()
    customer_id: str | None = None
    at: str = ""

    @property
    def is_trade(self) -> bool:
        """Whether the day's own figures change by it."""
        return bool(self.orders or self.revenue or self.refunds or self.lines)

    @property
    def units(self) -> int:
        """Pieces over all lines."""
        return sum(line.units for line in self.lines)


def sold(
    region: Region,
    at: datetime,
    shop_id: str | None,
    total: Money,
    lines: Iterable[OrderLine],
    *,
    channel: str = "web",
    customer_id: str | None = None,
) -> Effect:
    """An order or till sale, counted on the local day of ``at``."""
    return _trade(region, at, shop_id, total, lines, 1, channel, customer_id)


def taken_back(
    region: Region,
    at: datetime,
    shop_id: str | None,
    total: Money,
    lines: Iterable[OrderLine],
    *,
    channel: str = "web",
    customer_id: str | None = None,
    reason: str = "",
) -> Effect:
    """A counted order that was cancelled: the same figures, negative, on the local day of ``at``."""
    effect = _trade(region, at, shop_id, total, lines, -1, channel, customer_id)
    return replace(effect, parts=(*effect.parts[:-1], *_cancelled(region.require(total), reason)))


def called_off(region: Region, at: datetime, shop_id: str | None, total: Money, reason: str) -> Effect:
    """An order that was cancelled before it counted."""
    return Effect(region.day_of(at), shop_id, parts=_cancelled(region.require(total), reason))


def happened(region: Region, at: datetime, shop_id: str | None, *parts: Part) -> Effect:
    """Something that is counted beside the day's own figures."""
    return Effect(region.day_of(at), shop_id, parts=parts)


def refunded(region: Region, at: datetime, shop_id: str | None, amount: Money, method: str) -> Effect:
    """Money that went back; revenue stays gross."""
    minor = region.require(amount)
    part = Part("payment_method", method, refunds=minor)
    return Effect(region.day_of(at), shop_id, refunds=minor, parts=(part,))


def _cancelled(amount: int, reason: str) -> tuple[Part, ...]:
    told = Part("order", "cancelled", count=1, amount=amount)
    return (told, Part("cancel_reason", reason, count=1, amount=amount)) if reason else (told,)


def _trade(
    region: Region,
    at: datetime,
    shop_id: str | None,
    total: Money,
    lines: Iterable[OrderLine],
    sign: int,
    channel: str,
    customer_id: str | None,
) -> Effect:
    amount = region.require(total)
    sums = tuple(
        Line(line.product_id, line.sku, line.name, sign * line.quantity, sign * region.require(line.total))
        for line in lines
    )
    units = sum(line.units for line in sums)
    by_channel = Part("channel", channel, sign * amount, sign, units)
    counted = Part("order", "confirmed", count=1, amount=amount)
    return Effect(
        region.day_of(at),
        shop_id,
        sign * amount,
        sign,
        lines=sums,
        parts=(by_channel, counted),
        customer_id=customer_id,
        at=instant(at),
    )


def instant(at: datetime) -> str:
    """RFC 3339 in UTC to the millisecond, so that instants sort as text."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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


@dataclass(slots=True)
class PartFigures:
    """Sums of one value of a dimension on one day in one shop."""

    revenue: int = 0
    orders: int = 0
    units: int = 0
    refunds: int = 0
    count: int = 0
    amount: int = 0

    def add(self, part: Part) -> None:
        """Take a part into the sums."""
        self.revenue += part.revenue
        self.orders += part.orders
        self.units += part.units
        self.refunds += part.refunds
        self.count += part.count
        self.amount += part.amount


@dataclass(slots=True)
class CustomerSums:
    """What a batch adds to one customer."""

    first_at: str | None = None
    last_at: str | None = None
    orders: int = 0
    units: int = 0
    revenue: int = 0


ShopDay = tuple[str, str | None]


@dataclass(slots=True)
class Tally:
    """Effects of one company summed in memory, so that many become one update a rollup.

    ``categories``: by product, how it is filed.
    """

    region: Region
    categories: Mapping[str, str] = field(default_factory=dict)
    days: dict[ShopDay, Figures] = field(default_factory=dict)
    products: dict[tuple[ShopDay, str], ProductFigures] = field(default_factory=dict)
    parts: dict[tuple[ShopDay, str, str], PartFigures] = field(default_factory=dict)
    customers: dict[str, CustomerSums] = field(default_factory=dict)

    def add(self, effect: Effect) -> None:
        """Take an effect into the sums."""
        key = (effect.day, effect.shop_id)
        if effect.is_trade:
            self._add_day(key, effect)
        for line in effect.lines:
            product = self.products.setdefault((key, line.product_id), ProductFigures(line.sku, line.name))
            product.sku, product.name = line.sku, line.name
            product.units += line.units
            product.revenue += line.revenue
            category = self.categories.get(line.product_id, UNFILED)
            self._add_part(key, Part("category", category, revenue=line.revenue, units=line.units))
        for part in effect.parts:
            self._add_part(key, part)
        if effect.customer_id is not None:
            self._add_customer(effect.customer_id, effect)

    def _add_day(self, key: ShopDay, effect: Effect) -> None:
        figures = self.days.setdefault(key, Figures())
        figures.revenue += effect.revenue
        figures.orders += effect.orders
        figures.units += effect.units
        figures.refunds += effect.refunds

    def _add_part(self, key: ShopDay, part: Part) -> None:
        self.parts.setdefault((key, part.dimension, part.value), PartFigures()).add(part)

    def _add_customer(self, customer_id: str, effect: Effect) -> None:
        sums = self.customers.setdefault(customer_id, CustomerSums())
        if effect.orders > 0:
            sums.first_at = min(sums.first_at or effect.at, effect.at)
            sums.last_at = max(sums.last_at or effect.at, effect.at)
        sums.orders += effect.orders
        sums.units += effect.units
        sums.revenue += effect.revenue
