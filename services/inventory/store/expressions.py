"""Conditions and updates that the database evaluates on a stock document, in one place."""

from datetime import datetime
from typing import Any

from services.inventory.domain.stock import Status

AVAILABLE: dict[str, Any] = {"$subtract": ["$onHand", "$reserved"]}

STATUS: dict[str, Any] = {
    "$switch": {
        "branches": [
            {"case": {"$lte": [AVAILABLE, 0]}, "then": "out_of_stock"},
            {"case": {"$lte": [AVAILABLE, "$threshold"]}, "then": "low_stock"},
        ],
        "default": "in_stock",
    }
}
"""As ``domain.stock.status_of``; a test holds the two together."""

CROSSED: dict[str, Any] = {"$ne": [STATUS, {"$ifNull": ["$announced", "out_of_stock"]}]}

FLAG_CROSSING: dict[str, Any] = {"$set": {"crossedAt": {"$cond": [CROSSED, "$$NOW", "$$REMOVE"]}}}
"""The stage behind a change without a reservation: a sweeper finds what a crash left unannounced."""


def alive(until: datetime | None) -> dict[str, Any]:
    """True while the lease runs, by the database's clock."""
    return {"$lt": ["$$NOW", until]}


def has_status(status: Status) -> dict[str, Any]:
    """True for documents whose status is this one now."""
    return {"$eq": [STATUS, status]}


def append_event(sealed: dict[str, Any], data: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The stage that numbers ``sealed`` from the document's own sequence, with ``data`` computed in place."""
    filled = {"sequence": {"$add": ["$sequence", 1]}, "data": {"$mergeObjects": [{"$literal": sealed["data"]}, data]}}
    numbered = {"$mergeObjects": [{"$literal": sealed}, filled]}
    return {
        "$set": {
            "sequence": {"$add": ["$sequence", 1]},
            "outbox": {"$concatArrays": [{"$ifNull": ["$outbox", []]}, [numbered]]},
            "pendingAt": {"$ifNull": ["$pendingAt", now]},
        }
    }
