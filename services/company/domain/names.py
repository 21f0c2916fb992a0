"""Names of domains: one written form for each, and which of them a company may call its own."""

from collections.abc import Sequence
from functools import cache

import idna
from publicsuffixlist import PublicSuffixList

from common.errors import Invalid

LONGEST = 253
NOT_IN_PUBLIC = ("localhost", "local", "internal", "invalid", "onion", "arpa")
"""Top-level names that the public DNS never answers for (RFC 6761, RFC 6762, RFC 7686)."""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def normal(name: str, base_domains: Sequence[str]) -> str:
    """The name as DNS and the Host header write it: lower case, IDNA's ASCII form, no dot at its end.

    Raises Invalid ``domain_invalid`` for what is no domain name of a company's own: an address, a name that
    others register below (``co.uk``), one of the platform's.
    """
    try:
        written = idna.encode(name.strip().removesuffix("."), uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise _refused("is not a domain name") from error
    labels = written.split(".")
    if len(written) > LONGEST or len(labels) < 2 or labels[-1].isdecimal():
        raise _refused("must be a whole domain name, such as shop.example.com")
    if labels[-1] in NOT_IN_PUBLIC:
        raise _refused("is not a name of the public DNS")
    if any(written == base or written.endswith(f".{base}") for base in base_domains):
        raise _refused("belongs to the platform")
    if _suffixes().privatesuffix(written) is None:
        raise _refused("is a public suffix, below which others register")
    return written


def _refused(why: str) -> Invalid:
    return Invalid("domain_invalid", f"This name {why}.", [("name", why)])
