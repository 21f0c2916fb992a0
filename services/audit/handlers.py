"""The inbox of the audit service: it watches the feed, every event of it."""

from common.events import EVENT_MODELS
from common.events.handlers import Handlers
from common.messaging.feed import FeedBatch
from services.audit.service import AuditService

HANDLERS: Handlers = {}
"""Nothing reaches this service through a queue."""

WATCHED = tuple(EVENT_MODELS.values())
"""Every event of the feed, whatever its type."""


async def take_batch(service: AuditService, batch: FeedBatch) -> None:
    """Chain a batch of the feed."""
    await service.record(batch)
