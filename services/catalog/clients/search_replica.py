"""Keeps the search index of this process in step with the database, by the feed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

from common.clock import monotonic_seconds
from common.events import Envelope, EventData
from common.events.catalogue import (
    CategoryCreated,
    CategoryDeleted,
    CategoryUpdated,
    CollectionCreated,
    CollectionDeleted,
    CollectionUpdated,
    ProductArchived,
    ProductCreated,
    ProductUpdated,
)
from common.events.stock import BackInStock, LowStock, OutOfStock
from common.kept_answers import KeptAnswers
from common.logging import get_logger
from common.memory import give_back
from common.messaging.feed import FeedBatch
from services.catalog.clients.search_fields import Searchable
from services.catalog.clients.search_index import SearchIndex

log = get_logger(__name__)

CATEGORY_PRODUCTS_LIMIT = 20_000
READ_AT_ONCE = 500
START_SECONDS = 3.0
POLL_SECONDS = 0.1  # shorter than the feed takes to come back, so that no fall goes unseen

PRODUCT_EVENTS = (ProductCreated, ProductUpdated, ProductArchived)
CATEGORY_EVENTS = (CategoryUpdated, CategoryDeleted)
SHOWN_EVENTS = (
    *PRODUCT_EVENTS, *CATEGORY_EVENTS, CategoryCreated, CollectionCreated, CollectionUpdated, CollectionDeleted,
    BackInStock, LowStock, OutOfStock,
)  # fmt: skip
"""What changes an answer that visitors get."""


class ProductReader(Protocol):
    """Where the index reads what it holds."""

    async def by_id(self, company_id: str, product_ids: Sequence[str]) -> list[Searchable]:
        """The named products as they are now."""
        ...

    def everything(self) -> AsyncIterator[list[Searchable]]:
        """All products of all companies, in pieces."""
        ...


class SearchReplica:
    """One copy of the search index. ``take`` follows the feed; ``run`` fills it at start and commits.

    An event only says which products to read again, so that order and repetition do not matter.
    """

    def __init__(self, index: SearchIndex, reader: ProductReader, commit_seconds: float, kept: KeptAnswers) -> None:
        self._index = index
        self._reader = reader
        self._commit_seconds = commit_seconds
        self._kept = kept
        self._changed: set[str] = set()
        self._reading = asyncio.Lock()
        self._is_watching: Callable[[], bool] = lambda: False
        self._wait_for_feed: Callable[[], Awaitable[object]] = asyncio.Event().wait

    def follow(self, is_watching: asyncio.Event) -> None:
        """Name the event that is set while the feed is read."""
        self._is_watching = is_watching.is_set
        self._wait_for_feed = is_watching.wait

    async def run(self) -> None:
        """Fill the index whenever the feed has been (re)attached, then commit what comes in.

        A broker that is away at the start delays nothing: what is there can be searched.
        """
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._wait_for_feed()
        except TimeoutError:
            await self._fill()
        while True:
            await self._wait_for_feed()
            await self._fill()
            due = monotonic_seconds()
            while self._is_watching():
                await asyncio.sleep(POLL_SECONDS)
                if self._index.has_changed and monotonic_seconds() >= due:
                    await self._commit()
                    due = monotonic_seconds() + self._commit_seconds

    async def take(self, batch: FeedBatch) -> None:
        """Read again what the events touched."""
        touched: dict[str, set[str]] = {}
        for entry in batch.events:
            company_id = entry.event.company_id
            if company_id:
                self._kept.forget(company_id)  # another copy may have changed it
                self._changed.add(company_id)
                touched.setdefault(company_id, set()).update(self._touched_by(company_id, entry.event))
        for company_id, product_ids in touched.items():
            await self._read_again(company_id, sorted(product_ids))

    def _touched_by(self, company_id: str, event: Envelope[EventData]) -> list[str]:
        if isinstance(event.data, PRODUCT_EVENTS):
            return [event.data.product_id]
        if isinstance(event.data, CATEGORY_EVENTS):
            return self._index.in_category(company_id, event.data.category_id, CATEGORY_PRODUCTS_LIMIT)
        return []

    async def _read_again(self, company_id: str, product_ids: Sequence[str]) -> None:
        """Reading and putting are one step: the index never goes back behind what it has seen."""
        for start in range(0, len(product_ids), READ_AT_ONCE):
            async with self._reading:
                self._index.put(await self._reader.by_id(company_id, product_ids[start : start + READ_AT_ONCE]))

    async def _fill(self) -> None:
        count = 0
        pieces = self._reader.everything()
        while True:
            async with self._reading:
                piece = await anext(pieces, None)
                if piece is None:
                    break
                self._index.put(piece)
            count += len(piece)
        await self._commit()
        self._kept.forget_all()
        give_back()
        log.info("search_index_filled", products=count)

    async def _commit(self) -> None:
        async with self._reading:
            changed, self._changed = self._changed, set()
            await asyncio.to_thread(self._index.commit)
        for company_id in changed:
            self._kept.forget(company_id)  # what was found before would not be found now
