"""How many products have each value of a facet."""

import re
from typing import Any

VALUES_LIMIT = 100


def attribute_counts(criteria: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The pipeline that counts the values of one attribute or option, the most frequent first."""
    beginning = f"{name}="
    return [
        {"$match": criteria},
        {"$project": {"facets": 1}},
        {"$unwind": "$facets"},
        {"$match": {"facets": {"$regex": f"^{re.escape(beginning)}"}}},
        {"$group": {"_id": {"$substrCP": ["$facets", len(beginning), 500]}, "count": {"$sum": 1}}},
        *_MOST_FREQUENT,
    ]


def field_counts(criteria: dict[str, Any], field: str) -> list[dict[str, Any]]:
    """The same for a plain field; products without one are not counted."""
    return [
        {"$match": criteria},
        {"$group": {"_id": f"${field}", "count": {"$sum": 1}}},
        {"$match": {"_id": {"$ne": None}}},
        *_MOST_FREQUENT,
    ]


_MOST_FREQUENT: list[dict[str, Any]] = [{"$sort": {"count": -1, "_id": 1}}, {"$limit": VALUES_LIMIT}]
