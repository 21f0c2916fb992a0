"""Companies' own domains, asked of the company service and remembered for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from common.clients import CallRefused, ServiceClients
from common.clock import monotonic_seconds
from common.errors import NotFound, Unavailable
from common.events import Envelope
from common.events.tenancy import DomainRemoved, DomainVerified

REMEMBERED = 4096
"""Domains that lead somewhere, and as many that lead nowhere, apart: strangers push out only each other."""

ABSENT_SECONDS = 5.0
STALE_SECONDS = 86_400.0
"""How long an old answer is better than none while the company service is away."""


@dataclass(frozen=True, slots=True)
class _Known:
    company_id: str | None
    at: float

    def age(self) -> float:
        return monotonic_seconds() - self.at


class Homes:
    """Which company a domain leads to."""

    def __init__(self, clients: ServiceClients, fresh_seconds: float) -> None:
        self._clients = clients
        self._fresh_seconds = fresh_seconds
        self._led: dict[str, _Known] = {}
        self._astray: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[str | None]] = {}

    async def find(self, domain: str, before_asking: Callable[[], Awaitable[None]]) -> str | None:
        """The id of the company at home there; None where nobody is.

        Raises Unavailable, and whatever ``before_asking`` does, which runs before a question about a new name.
        """
        known = self._led.get(domain) or self._astray.get(domain)
        if known is None:
            if domain not in self._asking:
                await before_asking()
        elif known.age() < (self._fresh_seconds if known.company_id else ABSENT_SECONDS):
            return known.company_id
        try:
            return await self._ask_once(domain)
        except Unavailable:
            if known is None or known.age() > STALE_SECONDS:
                raise
            return known.company_id

    def forget(self, event: Envelope[Any]) -> None:
        """A domain leads elsewhere: ask again."""
        if isinstance(event.data, DomainVerified | DomainRemoved):
            self._led.pop(event.data.name, None)
            self._astray.pop(event.data.name, None)

    async def _ask_once(self, domain: str) -> str | None:
        """Ask; calls to the same domain that arrive meanwhile wait for the same answer."""
        task = self._asking.get(domain)
        if task is None:
            task = self._asking[domain] = asyncio.create_task(self._ask(domain))
            task.add_done_callback(lambda _: self._asking.pop(domain, None))
        return await asyncio.shield(task)

    async def _ask(self, domain: str) -> str | None:
        try:
            told = await self._clients.get("company", f"/internal/companies/by-domain/{domain}")
            company_id: str | None = told["id"]
        except NotFound:
            company_id = None
        except CallRefused as error:
            raise Unavailable("The company service refused the question.") from error
        self._led.pop(domain, None)
        self._astray.pop(domain, None)
        memory = self._led if company_id else self._astray
        if len(memory) >= REMEMBERED:
            memory.pop(next(iter(memory)))
        memory[domain] = _Known(company_id, monotonic_seconds())
        return company_id
