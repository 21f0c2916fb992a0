"""Other names for the same addresses, in one place.

An alias changes only the address; behaviour, permission and transition map are the canonical route's.
"""

ALIASES: dict[tuple[str, str], str] = {
    ("GET", "/api/docs"): "/docs",
}


def canonical(method: str, path: str) -> str | None:
    """The canonical address that ``method path`` is another name for, or None."""
    return ALIASES.get((method, path))
