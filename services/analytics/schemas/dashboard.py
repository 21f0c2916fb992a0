"""Answers of the analytics service."""

from pydantic import Field

from common.money import Money
from common.web.schema import Out
from services.analytics.domain import Dashboard, average


class TopProductOut(Out):
    """A product among those that brought in most."""

    product_id: str
    sku: str
    name: str
    units: int
    revenue: Money


class DayOut(Out):
    """A local day on which something happened."""

    date: str
    revenue: Money
    orders: int
    units: int
    refunds: Money


class DashboardOut(Out):
    """Figures over whole local days, ``from`` and ``to`` included. Revenue is gross of refunds."""

    start: str = Field(alias="from")
    end: str = Field(alias="to")
    currency: str
    timezone: str
    revenue: Money
    orders: int
    average_order_value: Money
    units: int
    refunds: Money
    top_products: list[TopProductOut]
    by_day: list[DayOut]

    @classmethod
    def of(cls, shown: Dashboard) -> "DashboardOut":
        """The answer for a dashboard."""

        def money(amount: int) -> Money:
            return Money(amount=amount, currency=shown.currency)

        revenue = sum(day.revenue for day in shown.by_day)
        orders = sum(day.orders for day in shown.by_day)
        return cls(
            start=shown.days.first.isoformat(),
            end=shown.days.last.isoformat(),
            currency=shown.currency,
            timezone=shown.timezone,
            revenue=money(revenue),
            orders=orders,
            average_order_value=money(average(revenue, orders)),
            units=sum(day.units for day in shown.by_day),
            refunds=money(sum(day.refunds for day in shown.by_day)),
            top_products=[
                TopProductOut(
                    product_id=top.product_id, sku=top.sku, name=top.name, units=top.units, revenue=money(top.revenue)
                )
                for top in shown.top
            ],
            by_day=[
                DayOut(
                    date=day.day,
                    revenue=money(day.revenue),
                    orders=day.orders,
                    units=day.units,
                    refunds=money(day.refunds),
                )
                for day in shown.by_day
            ],
        )


class PlatformOut(Out):
    """One dashboard a currency, over all companies."""

    items: list[DashboardOut]
