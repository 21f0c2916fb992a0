"""Keys that are found by how they begin, whatever their case."""

import re
from typing import Any

KEYS_LIMIT = 50


def folded(text: str) -> str:
    """The text as its key is stored: without case, one space between words."""
    return " ".join(text.casefold().split())


def keys_of(name: str) -> list[str]:
    """What a name is found by: itself, from each of its words on."""
    words = folded(name).split(" ")[:KEYS_LIMIT]
    return [" ".join(words[start:]) for start in range(len(words))]


def prefix(text: str) -> dict[str, Any]:
    """The condition that a key begins so: anchored, hence a range of its index."""
    return {"$regex": f"^{re.escape(folded(text))}"}
