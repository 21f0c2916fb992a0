"""The inbox of the analytics service: what it watches in the feed, and what each fact counts as."""

from collections.abc import Callable, Mapping
from typing import Any

from common.events import Envelope, EventData
from common.events.handlers import Handlers
from common.events.orders import OrderCancelled, OrderConfirmed, SaleCompleted
from common.events.payments import PaymentRefunded
from common.events.tenancy import CompanyCreated, CompanyUpdated
from common.messaging.feed import FeedBatch
from services.analytics.domain import Effect, Region, refunded, sold, taken_back
from services.analytics.service import AnalyticsService


def count_order(region: Region, event: Envelope[OrderConfirmed]) -> Effect:
    """A confirmed order counts on the day it was placed."""
    data = event.data
    return sold(region, data.placed_at, data.shop_id, data.total, data.lines)


def count_sale(region: Region, event: Envelope[SaleCompleted]) -> Effect:
    """A till sale counts on the day it was sold."""
    data = event.data
    return sold(region, data.sold_at, data.shop_id, data.total, data.lines)


def take_back_order(region: Region, event: Envelope[OrderCancelled]) -> Effect | None:
    """A cancelled order that had been counted is taken back on the day of the cancellation."""
    data = event.data
    return taken_back(region, event.time, data.shop_id, data.total, data.lines) if data.was_confirmed else None


def count_refund(region: Region, event: Envelope[PaymentRefunded]) -> Effect:
    """A refund counts on its own day."""
    return refunded(region, event.time, event.data.shop_id, event.data.amount)


Counting = Callable[[Region, Envelope[Any]], Effect | None]

COUNTED: Mapping[type[EventData], Counting] = {
    OrderConfirmed: count_order,
    SaleCompleted: count_sale,
    OrderCancelled: take_back_order,
    PaymentRefunded: count_refund,
}

COPIED = (CompanyCreated, CompanyUpdated)
"""Whose time zone and currency the days are reckoned in."""

WATCHED = (*COUNTED, *COPIED)

HANDLERS: Handlers = {}
"""Nothing reaches this service through a queue."""


async def take_batch(service: AnalyticsService, batch: FeedBatch) -> None:
    """Copy companies first, then count what a batch of the feed brought."""
    for fed in batch.events:
        if isinstance(fed.event.data, COPIED):
            await service.note_company(fed.event.data, fed.event.sequence)
    await service.count(batch, COUNTED)
