"""The type of a service's visible inbox."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from common.events.base import EventData
from common.events.envelope import Envelope

Handler = Callable[[Any, Envelope[Any]], Awaitable[None]]
Handlers = Mapping[type[EventData], Handler]
"""``HANDLERS: Handlers = {OrderCreated: reserve_stock, …}``: what a service acts on, and how."""
