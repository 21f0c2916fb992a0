"""The inbox of the analytics service: what it watches in the feed, and what each fact counts as."""

from collections.abc import Callable, Mapping
from typing import Any

from common.copies import Copy
from common.events import Envelope, EventData
from common.events.catalogue import CategoryCreated, CategoryUpdated, ProductCreated, ProductUpdated
from common.events.handlers import Handlers
from common.events.orders import (
    CustomerCreated,
    CustomerUpdated,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderFulfilled,
    SaleCompleted,
    SaleReturned,
)
from common.events.payments import PaymentFailed, PaymentRefunded, PaymentSucceeded
from common.events.stock import StockAdjusted
from common.events.tenancy import CompanyCreated, CompanyUpdated, ShopCreated, ShopUpdated
from common.messaging.feed import FeedBatch
from services.analytics.domain import Effect, Part, Region, called_off, happened, refunded, sold, taken_back
from services.analytics.service import AnalyticsService


def count_placed(region: Region, event: Envelope[OrderCreated]) -> Effect:
    """An order was placed; whether it becomes a sale is told later."""
    data = event.data
    part = Part("order", "placed", count=1, amount=region.require(data.total))
    return happened(region, data.placed_at, data.shop_id, part)


def count_order(region: Region, event: Envelope[OrderConfirmed]) -> Effect:
    """A confirmed order counts on the day it was placed."""
    data = event.data
    return sold(
        region,
        data.placed_at,
        data.shop_id,
        data.total,
        data.lines,
        channel=data.channel,
        customer_id=data.customer_id,
    )


def count_sale(region: Region, event: Envelope[SaleCompleted]) -> Effect:
    """A till sale counts on the day it was sold."""
    data = event.data
    return sold(region, data.sold_at, data.shop_id, data.total, data.lines, channel="pos", customer_id=data.customer_id)


def take_back_order(region: Region, event: Envelope[OrderCancelled]) -> Effect:
    """A cancelled order that had been counted is taken back on the day of the cancellation."""
    data = event.data
    if not data.was_confirmed:
        return called_off(region, event.time, data.shop_id, data.total, data.reason)
    return taken_back(
        region,
        event.time,
        data.shop_id,
        data.total,
        data.lines,
        channel=data.channel,
        customer_id=data.customer_id,
        reason=data.reason,
    )


def count_parcel(region: Region, event: Envelope[OrderFulfilled]) -> Effect:
    """A parcel left."""
    units = sum(line.quantity for line in event.data.lines)
    return happened(region, event.time, event.data.shop_id, Part("order", "fulfilled", count=1, units=units))


def count_capture(region: Region, event: Envelope[PaymentSucceeded]) -> Effect:
    """Money came in."""
    data = event.data
    part = Part("payment_method", data.method, count=1, amount=region.require(data.amount))
    return happened(region, event.time, data.shop_id, part)


def count_failure(region: Region, event: Envelope[PaymentFailed]) -> Effect:
    """A try to pay failed."""
    data = event.data
    part = Part("payment_failure", data.decline_code or data.code, count=1, amount=region.require(data.amount))
    return happened(region, event.time, data.shop_id, part)


def count_refund(region: Region, event: Envelope[PaymentRefunded]) -> Effect:
    """A refund counts on its own day."""
    data = event.data
    return refunded(region, event.time, data.shop_id, data.amount, data.method)


def count_return(region: Region, event: Envelope[SaleReturned]) -> Effect:
    """Goods came back, on the day they did. Money of an order counts when payment tells of its refund; what no
    payment stands for, without a receipt or off a debt, counts here.
    """
    data = event.data
    own = [tender for tender in data.tenders if data.order_id is None or tender.method == "on_account"]
    given = [(tender.method, region.require(tender.amount)) for tender in own]
    pieces = Part("order", "returned", count=1, units=sum(line.quantity for line in data.lines))
    parts = [Part("payment_method", method, refunds=amount) for method, amount in given]
    refunds = sum(amount for _, amount in given)
    return Effect(region.day_of(data.returned_at), data.shop_id, refunds=refunds, parts=(pieces, *parts))


def count_movement(region: Region, event: Envelope[StockAdjusted]) -> Effect:
    """Pieces came or went for a reason other than a sale."""
    data = event.data
    return happened(region, event.time, None, Part("stock", data.reason, count=1, units=data.delta))


Counting = Callable[[Region, Envelope[Any]], Effect]

COUNTED: Mapping[type[EventData], Counting] = {
    OrderCreated: count_placed,
    OrderConfirmed: count_order,
    SaleCompleted: count_sale,
    OrderCancelled: take_back_order,
    OrderFulfilled: count_parcel,
    PaymentSucceeded: count_capture,
    PaymentFailed: count_failure,
    PaymentRefunded: count_refund,
    SaleReturned: count_return,
    StockAdjusted: count_movement,
}

COPIED = (CompanyCreated, CompanyUpdated)
"""Whose time zone and currency the days are reckoned in."""

NAMED: Mapping[type[EventData], Callable[[Any], tuple[str, dict[str, Any]]]] = {
    ProductCreated: lambda data: (data.product_id, {"name": data.name, "categoryId": data.category_id}),
    ProductUpdated: lambda data: (data.product_id, {"name": data.name, "categoryId": data.category_id}),
    CategoryCreated: lambda data: (data.category_id, {"name": data.name}),
    CategoryUpdated: lambda data: (data.category_id, {"name": data.name}),
    ShopCreated: lambda data: (data.shop_id, {"name": data.name}),
    ShopUpdated: lambda data: (data.shop_id, {"name": data.name}),
    CustomerCreated: lambda data: (data.customer_id, {"name": data.name}),
    CustomerUpdated: lambda data: (data.customer_id, {"name": data.name}),
}
"""What is called by a name in reports, and how products are filed."""

WATCHED: tuple[type[EventData], ...] = (*COUNTED, *COPIED, *NAMED)

HANDLERS: Handlers = {}
"""Nothing reaches this service through a queue."""


async def take_batch(service: AnalyticsService, batch: FeedBatch) -> None:
    """Copy companies and names first, then count what a batch of the feed brought."""
    notes = []
    for fed in batch.events:
        event = fed.event
        if isinstance(event.data, COPIED):
            await service.note_company(event.data, event.sequence)
        elif type(event.data) in NAMED and event.company_id is not None:
            entity_id, fields = NAMED[type(event.data)](event.data)
            notes.append(Copy(event.company_id, entity_id, event.sequence, fields))
    await service.note_names(notes)
    await service.count(batch, COUNTED)
