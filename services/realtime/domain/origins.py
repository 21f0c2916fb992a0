"""Which pages may open a socket: a browser says where its page came from, other clients say nothing."""

from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

LONGEST_ORIGIN = 255


def is_own(origin: str, host: str, base_domains: Sequence[str]) -> bool:
    """Whether the page comes from the very host that was called, or from one of our domains or below one."""
    if len(origin) > LONGEST_ORIGIN:
        return False
    try:
        parts = urlsplit(origin)
        name = (parts.hostname or "").lower()
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not name or origin != f"{parts.scheme}://{parts.netloc}":
        return False
    is_same = parts.netloc.lower() == host.lower()
    return is_same or any(name == base or name.endswith(f".{base}") for base in base_domains)


def is_allowed(origin: str, allowed: Collection[str]) -> bool:
    """Whether a company lets pages of this origin call."""
    return len(origin) <= LONGEST_ORIGIN and origin in allowed
