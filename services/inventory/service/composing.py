"""Puts the use cases together on their stores."""

from collections.abc import Sequence

from common.clients import ServiceClients
from common.mongo.store import Ground
from common.runtime import Background
from services.inventory.clients import Neighbours
from services.inventory.service import (
    Adjusting,
    Following,
    InventoryService,
    Reading,
    Reserving,
    Sweeping,
    Taking,
    Warehousing,
)
from services.inventory.service.announcing import Announcing
from services.inventory.service.knowing import Knowing
from services.inventory.service.shelving import Shelving
from services.inventory.store import (
    Companies,
    Ledger,
    MovementRelay,
    Reservations,
    Skus,
    Stock,
    Warehouses,
)


def compose_service(ground: Ground, clients: ServiceClients) -> InventoryService:
    """The service's use cases on one database."""
    clock, warehouses, stock = ground.clock, Warehouses(ground), Stock(ground)
    reservations, ledger = Reservations(ground), Ledger(ground)
    skus, companies = Skus(ground.database), Companies(ground.database)
    knowing = Knowing(skus, companies, Neighbours(clients))
    relay, announcing = MovementRelay(ledger), Announcing(stock)
    shelving = Shelving(warehouses, stock, skus, knowing, clock)
    reserving = Reserving(warehouses, stock, reservations, announcing, shelving, clock)
    taking = Taking(stock, reservations, relay, announcing, reserving, shelving, clock)
    return InventoryService(
        warehouses=Warehousing(warehouses, clients, clock),
        adjusting=Adjusting(warehouses, stock, knowing, relay, shelving, announcing, clock),
        reading=Reading(warehouses, stock, skus, knowing, reservations, ledger, relay),
        reserving=reserving,
        taking=taking,
        following=Following(stock, skus, companies, shelving, announcing),
        sweeping=Sweeping(stock, reservations, announcing, reserving, taking),
        relay=relay,
    )


def background(service: InventoryService) -> Sequence[Background]:
    """The loops beside requests and events."""
    return (
        Background("sweep", service.sweeping.sweep_for_ever),
        Background("movements", service.relay.run),
        Background("movements poll", service.relay.poll),
    )
