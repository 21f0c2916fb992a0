"""Conditions and updates that the database evaluates on a stock document, in one place."""

from datetime import datetime
from typing import Any

from services.inventory.domain.stock import MARGIN_PART, Status

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

_REACH: dict[str, Any] = {"$add": ["$threshold", {"$max": [1, {"$floor": {"$divide": ["$threshold", MARGIN_PART]}}]}]}

STEADY: dict[str, Any] = {
    "$cond": [
        {
            "$and": [
                {"$eq": ["$announced", "low_stock"]},
                {"$gt": [AVAILABLE, "$threshold"]},
                {"$lte": [AVAILABLE, _REACH]},
                {"$gt": [AVAILABLE, 0]},
            ]
        },
        "low_stock",
        STATUS,
    ]
}
"""As ``domain.stock.steady_status``; a test holds the two together."""

CROSSED: dict[str, Any] = {"$ne": [STEADY, {"$ifNull": ["$announced", "out_of_stock"]}]}

MISPLACED: dict[str, Any] = {"$ne": ["$level", STATUS]}
"""The stored level is not the status any more."""

LEVEL: dict[str, Any] = {"$set": {"level": STATUS}}

FLAG_CROSSING: dict[str, Any] = {"$set": {"crossedAt": {"$cond": [CROSSED, "$$NOW", "$$REMOVE"]}, "level": STATUS}}
"""The stage behind a change without a reservation: a sweeper finds what a crash left unannounced."""


def alive(until: datetime | None) -> dict[str, Any]:
    """True while the lease runs, by the database's clock."""
    return {"$lt": ["$$NOW", until]}


def is_steadily(status: Status) -> dict[str, Any]:
    """True for documents of which this status is to be told now."""
    return {"$eq": [STEADY, status]}


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
