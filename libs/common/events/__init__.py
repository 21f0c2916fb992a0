"""Every event of the suite, in one place. Producers and consumers import the class; nobody copies it."""

from common.events import catalogue, identity, messages, orders, payments, stock, tenancy
from common.events.base import EVENT_MODELS, EventData
from common.events.envelope import Envelope, UnknownEvent, seal, unseal

__all__ = [
    "EVENT_MODELS",
    "Envelope",
    "EventData",
    "UnknownEvent",
    "catalogue",
    "identity",
    "messages",
    "orders",
    "payments",
    "seal",
    "stock",
    "tenancy",
    "unseal",
]
