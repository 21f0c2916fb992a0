"""The merged OpenAPI document and the event catalogue, from what each service says of itself."""

import asyncio
from typing import Any

from common.clients import CallRefused, ServiceClients
from common.clock import monotonic_seconds
from common.errors import NotFound, Unavailable
from common.events.asyncapi import catalogue
from common.suite import SERVICES
from services.gateway.domain.documents import merge

FRESH_SECONDS = 30.0

Document = dict[str, Any]


class Documents:
    """Fetched from the services and kept; a service that is away keeps its last document."""

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients
        self._fetched: dict[str, Document] = {}
        self._merged: Document | None = None
        self._merged_from: dict[str, Document] = {}
        self._fetched_at = float("-inf")
        self._lock = asyncio.Lock()

    async def openapi(self, own: Document) -> Document:
        """One OpenAPI 3.1 document of all public operations."""
        fetched = await self._current()
        if self._merged is None or self._merged_from is not fetched:
            self._merged, self._merged_from = merge({"gateway": own, **fetched}), fetched
        return self._merged

    async def asyncapi(self) -> Document:
        """The AsyncAPI 3 document: all event types, and which services say that they act on them."""
        fetched = await self._current()
        return catalogue({name: document.get("x-consumes", ()) for name, document in fetched.items()})

    async def _current(self) -> dict[str, Document]:
        async with self._lock:
            if monotonic_seconds() - self._fetched_at > FRESH_SECONDS:
                names = [name for name in SERVICES if name != "gateway"]
                documents = await asyncio.gather(*map(self._fetch, names))
                found = {name: document for name, document in zip(names, documents, strict=True) if document}
                if any(self._fetched.get(name) != document for name, document in found.items()):
                    self._fetched = {**self._fetched, **found}
                if len(found) == len(names):
                    self._fetched_at = monotonic_seconds()
        return self._fetched

    async def _fetch(self, service: str) -> Document | None:
        try:
            document: Document = await self._clients.get(service, "/openapi.json")
        except (Unavailable, NotFound, CallRefused):
            return None
        return document
