"""Money at a provider that may belong to nothing we know."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """What a provider holds or has taken in our name. ``is_captured``: taken, so that it goes back as a refund."""

    reference: str
    company_id: str
    order_id: str
    payment_id: str
    amount: int
    """Of the whole payment, in minor units of ``currency``."""
    currency: str
    is_captured: bool


@dataclass(frozen=True, slots=True)
class Restoration:
    """The database was put back to what it was at ``since``; everything later was forgotten."""

    id: str
    since: datetime
    at: datetime
