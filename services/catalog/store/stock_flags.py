"""Stock flags inside a product document, changed in one update so that two announcements cannot race."""

from typing import Any

from services.catalog.domain.stock import StockFlag

_SELLABLE = {
    "$cond": [{"$gt": [{"$size": "$variants"}, 0]}, "$variants.sku", ["$sku"]],
}
_KNOWN = {
    "$map": {
        "input": {"$filter": {"input": "$stock", "cond": {"$in": ["$$this.sku", _SELLABLE]}}},
        "in": "$$this.status",
    }
}
_STATE = {
    "$switch": {
        "branches": [
            {"case": {"$in": ["in_stock", _KNOWN]}, "then": "in_stock"},
            {"case": {"$in": ["low_stock", _KNOWN]}, "then": "low_stock"},
        ],
        "default": "out_of_stock",
    }
}

REFRESHED: list[dict[str, Any]] = [
    {"$set": {"stockState": _STATE}},
    {"$set": {"inStock": {"$ne": ["$stockState", "out_of_stock"]}}},
]
"""Works out what lists filter by; domain.stock says the same of a loaded product."""


def with_flag(flag: StockFlag) -> list[dict[str, Any]]:
    """The update that puts ``flag`` in its place, or changes nothing when a later one is there."""
    same = {
        "$and": [
            {"$eq": ["$$this.sku", {"$literal": flag.sku}]},
            {"$eq": ["$$this.warehouseId", {"$literal": flag.warehouse_id}]},
        ]
    }
    others = {"$filter": {"input": "$stock", "cond": {"$not": [same]}}}
    later = {"$and": [same, {"$gte": ["$$this.sequence", flag.sequence]}]}
    is_stale = {"$anyElementTrue": {"$map": {"input": "$stock", "in": later}}}
    document = {"$literal": flag.model_dump(by_alias=True)}
    stock = {"$cond": [is_stale, "$stock", {"$concatArrays": [others, [document]]}]}
    return [{"$set": {"stock": stock}}, *REFRESHED]
