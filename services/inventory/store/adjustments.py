"""Adjustments by hand: the entry, the event and the quantity in one conditional update a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import UpdateOne

from services.inventory.domain.derived import stock_id
from services.inventory.store.expressions import AVAILABLE, FLAG_CROSSING, append_event
from services.inventory.store.stock import Stock

REMEMBERED = 64
"""How many adjustments a row remembers by id, so that one under way twice is entered once."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One adjustment about to be written: its movement as stored, and its sealed event.

    ``is_certain``: it has happened, whatever the books say is there.
    """

    movement: dict[str, Any]
    sealed: dict[str, Any]
    is_certain: bool = False

    @property
    def id(self) -> str:
        """The movement's id."""
        return str(self.movement["_id"])

    @property
    def row(self) -> str:
        """The stock document it changes."""
        movement = self.movement
        return stock_id(movement["companyId"], movement["warehouseId"], movement["sku"])


class Adjustments:
    """Writes adjustments to the stock documents of one company."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock

    async def enter(self, entries: Sequence[Entry]) -> None:
        """Write each entry, in turn, where enough is available and it is not there yet. Look what happened after."""
        if entries:
            operations = [self._operation(entry) for entry in entries]
            await self._stock.collection.bulk_write(operations, ordered=True)
            await self._stock.offer_stored({entry.row for entry in entries})

    def _operation(self, entry: Entry) -> UpdateOne:
        now, delta = self._stock.ground.clock.now(), int(entry.movement["delta"])
        criteria: dict[str, Any] = self._stock.scope({"_id": entry.row, "adjusted": {"$ne": entry.id}})
        if delta < 0 and not entry.is_certain:
            criteria["$expr"] = {"$gte": [{"$add": [AVAILABLE, delta]}, 0]}
        change = {
            "onHand": {"$add": ["$onHand", delta]},
            "version": {"$add": ["$version", 1]},
            "updatedAt": now,
            "movements": {"$concatArrays": ["$movements", [{"$literal": entry.movement}]]},
            "movementsAt": {"$ifNull": ["$movementsAt", now]},
            "adjusted": {"$slice": [{"$concatArrays": ["$adjusted", [entry.id]]}, -REMEMBERED]},
        }
        return UpdateOne(
            criteria, [{"$set": change}, append_event(entry.sealed, {"onHand": "$onHand"}, now), FLAG_CROSSING]
        )
