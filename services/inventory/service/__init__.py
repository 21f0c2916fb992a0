"""Use cases of the inventory service, by what they are about."""

from dataclasses import dataclass

from services.inventory.service.adjusting import Adjusting
from services.inventory.service.following import Following
from services.inventory.service.reading import Reading
from services.inventory.service.reserving import Reserving
from services.inventory.service.sweeping import Sweeping
from services.inventory.service.taking import Taking
from services.inventory.service.warehousing import Warehousing
from services.inventory.store import MovementRelay

__all__ = [
    "Adjusting",
    "Following",
    "InventoryService",
    "Reading",
    "Reserving",
    "Sweeping",
    "Taking",
    "Warehousing",
]


@dataclass(frozen=True, slots=True)
class InventoryService:
    """Everything that the inventory service can be asked to do."""

    warehouses: Warehousing
    adjusting: Adjusting
    reading: Reading
    reserving: Reserving
    taking: Taking
    following: Following
    sweeping: Sweeping
    relay: MovementRelay
