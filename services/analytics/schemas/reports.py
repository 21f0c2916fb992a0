"""Reports as shown: amounts in the company's currency."""

from typing import Self

from pydantic import Field

from common.money import Money
from common.web.schema import Out
from services.analytics.domain import CustomerFigures, Region, Report, Slice, Sums, average
from services.analytics.service.reporting import (
    Ground,
    Grouping,
    OrderReport,
    Overview,
    PaymentReport,
    ProductReport,
)


class Ranged(Out):
    """Whole local days, ``from`` and ``to`` included."""

    start: str = Field(alias="from")
    end: str = Field(alias="to")
    currency: str
    timezone: str


class FiguresOut(Out):
    """Revenue is gross of refunds; ``average_order_value`` is rounded half up, 0 without orders."""

    revenue: Money
    orders: int
    average_order_value: Money
    units: int
    refunds: Money


class OverviewOut(Ranged, FiguresOut):
    """The main figures; ``previous`` those of as many days directly before."""

    net_revenue: Money
    placed_orders: int
    cancelled_orders: int
    captured: Money
    failed_payments: int
    previous: FiguresOut

    @classmethod
    def of(cls, found: Overview) -> Self:
        """The answer for an overview."""
        currency, sums = found.ground.region.currency, found.sums
        none = Sums()
        return cls(
            **ranged(found.ground),
            **figures(sums, currency),
            net_revenue=Money.of(sums.revenue - sums.refunds, currency),
            placed_orders=found.orders.get("placed", none).count,
            cancelled_orders=found.orders.get("cancelled", none).count,
            captured=Money.of(found.captured, currency),
            failed_payments=found.failed,
            previous=FiguresOut(**figures(found.before, currency)),
        )


class TodayOut(OverviewOut):
    """The company's present day so far; ``previous`` is the day before, whole."""

    @classmethod
    def today(cls, found: Overview) -> Self:
        """The answer for today."""
        return cls.of(found)


class SliceOut(FiguresOut):
    """One day, shop, channel or category. ``name`` where it has one; the key is empty for what belongs to none."""

    key: str
    name: str | None


class SalesReportOut(Ranged):
    """Sales along one dimension. By category the revenue is that of the lines."""

    group_by: Grouping
    items: list[SliceOut]
    totals: FiguresOut

    @classmethod
    def of(cls, report: Report, grouping: Grouping) -> Self:
        """The answer for a report."""
        items = [
            SliceOut(key=each.key, name=each.name, **figures(each.sums, report.currency)) for each in report.slices
        ]
        totals = FiguresOut(**figures(report.totals, report.currency))
        return cls(**_days(report), group_by=grouping, items=items, totals=totals)


class ProductFiguresOut(Out):
    """A product in a range. ``share_basis_points`` of all revenue."""

    product_id: str
    sku: str
    name: str | None
    units: int
    revenue: Money
    average_price: Money
    share_basis_points: int


class ProductReportOut(Ranged):
    """Products that were sold."""

    items: list[ProductFiguresOut]

    @classmethod
    def of(cls, report: ProductReport) -> Self:
        """The answer for a report."""
        currency, whole = report.ground.region.currency, report.total.revenue
        items = [
            ProductFiguresOut(
                product_id=each.key,
                sku=sku,
                name=each.name,
                units=each.sums.units,
                revenue=Money.of(each.sums.revenue, currency),
                average_price=Money.of(average(each.sums.revenue, each.sums.units), currency),
                share_basis_points=average(10_000 * each.sums.revenue, whole),
            )
            for sku, each in report.items
        ]
        return cls(**ranged(report.ground), items=items)


class ProductDayOut(Out):
    """A day on which a product was sold."""

    date: str
    units: int
    revenue: Money


class ProductDaysOut(Ranged):
    """What one product brought in."""

    product_id: str
    name: str | None
    units: int
    revenue: Money
    by_day: list[ProductDayOut]

    @classmethod
    def of(cls, product_id: str, name: str | None, report: Report) -> Self:
        """The answer for a product."""
        days = [
            ProductDayOut(date=each.key, units=each.sums.units, revenue=Money.of(each.sums.revenue, report.currency))
            for each in report.slices
        ]
        revenue = Money.of(report.totals.revenue, report.currency)
        return cls(
            **_days(report), product_id=product_id, name=name, units=report.totals.units, revenue=revenue, by_day=days
        )


class CountedOut(Out):
    """How often, and for how much."""

    key: str
    count: int
    amount: Money


class OrderDayOut(Out):
    """What became of orders on one day."""

    date: str
    placed: int
    confirmed: int
    cancelled: int
    fulfilled: int


class OrderReportOut(Ranged):
    """What became of orders; ``fulfilled`` counts parcels. Placed and confirmed count on the day of placing."""

    placed: int
    confirmed: int
    cancelled: int
    fulfilled: int
    cancel_reasons: list[CountedOut]
    by_channel: list[SliceOut]
    by_day: list[OrderDayOut]

    @classmethod
    def of(cls, report: OrderReport) -> Self:
        """The answer for a report."""
        currency = report.ground.region.currency
        channels = [SliceOut(key=each.key, name=None, **figures(each.sums, currency)) for each in report.by_channel]
        days = [OrderDayOut(date=day, **_states(sums)) for day, sums in sorted(report.by_day.items())]
        reasons = counted(report.reasons, currency)
        return cls(
            **ranged(report.ground),
            **_states(report.by_state),
            cancel_reasons=reasons,
            by_channel=channels,
            by_day=days,
        )


class MethodOut(Out):
    """Money in and out by one payment method."""

    method: str
    payments: int
    captured: Money
    refunded: Money


class PaymentReportOut(Ranged):
    """Money in and out."""

    captured: Money
    refunded: Money
    failed: int
    by_method: list[MethodOut]
    failures: list[CountedOut]

    @classmethod
    def of(cls, report: PaymentReport) -> Self:
        """The answer for a report."""
        currency = report.ground.region.currency
        methods = [
            MethodOut(
                method=each.key,
                payments=each.sums.count,
                captured=Money.of(each.sums.amount, currency),
                refunded=Money.of(each.sums.refunds, currency),
            )
            for each in report.methods
        ]
        return cls(
            **ranged(report.ground),
            captured=Money.total((each.captured for each in methods), currency),
            refunded=Money.total((each.refunded for each in methods), currency),
            failed=sum(each.sums.count for each in report.failures),
            by_method=methods,
            failures=counted(report.failures, currency),
        )


class MovedOut(Out):
    """Pieces moved for one reason; negative where they left."""

    reason: str
    movements: int
    units: int


class StockReportOut(Ranged):
    """Pieces moved by hand, by reason."""

    items: list[MovedOut]

    @classmethod
    def of(cls, report: Report) -> Self:
        """The answer for a report."""
        items = [MovedOut(reason=each.key, movements=each.sums.count, units=each.sums.units) for each in report.slices]
        return cls(**_days(report), items=items)


class CustomerFiguresOut(Out):
    """What one customer bought; cancelled orders are taken out again."""

    customer_id: str
    name: str | None
    currency: str
    orders: int
    units: int
    revenue: Money
    average_order_value: Money
    first_order_at: str | None
    last_order_at: str | None

    @classmethod
    def of(cls, region: Region, found: CustomerFigures) -> Self:
        """The answer for a customer."""
        return cls(
            customer_id=found.customer_id,
            name=found.name,
            currency=region.currency,
            orders=found.orders,
            units=found.units,
            revenue=Money.of(found.revenue, region.currency),
            average_order_value=Money.of(average(found.revenue, found.orders), region.currency),
            first_order_at=found.first_at,
            last_order_at=found.last_at,
        )


def figures(sums: Sums, currency: str) -> dict[str, object]:
    """The members of :class:`FiguresOut`."""
    return {
        "revenue": Money.of(sums.revenue, currency),
        "orders": sums.orders,
        "average_order_value": Money.of(average(sums.revenue, sums.orders), currency),
        "units": sums.units,
        "refunds": Money.of(sums.refunds, currency),
    }


def ranged(ground: Ground) -> dict[str, str]:
    """The members of :class:`Ranged`."""
    days = {"start": ground.days.first.isoformat(), "end": ground.days.last.isoformat()}
    return {**days, "currency": ground.region.currency, "timezone": ground.region.timezone}


def counted(slices: list[Slice], currency: str) -> list[CountedOut]:
    """How often, and for how much, by key."""
    return [
        CountedOut(key=each.key, count=each.sums.count, amount=Money.of(each.sums.amount, currency)) for each in slices
    ]


def _days(report: Report) -> dict[str, str]:
    days = {"start": report.days.first.isoformat(), "end": report.days.last.isoformat()}
    return {**days, "currency": report.currency, "timezone": report.timezone}


def _states(sums: dict[str, Sums]) -> dict[str, int]:
    none = Sums()
    return {state: sums.get(state, none).count for state in ("placed", "confirmed", "cancelled", "fulfilled")}
