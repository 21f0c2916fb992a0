"""Where a try to pay comes from, as far as declines are counted there: names that give no address away."""

import hashlib
from ipaddress import IPv6Address, ip_address, ip_network

VISITORS, ACCOUNT, CUSTOMERS = "visitors", "account", "customers"

BORNE = {VISITORS: 10, ACCOUNT: 10, CUSTOMERS: 30}
"""How many declines within the window: of strangers at one address, of one customer, of all customers at one
address together: a household or an office is no gang."""


def sources_of(company_id: str, kind: str, caller_id: str, address: str | None) -> list[str]:
    """The sources of a caller: ``staff`` has none, for they try their customers' cards for them."""
    if kind == "staff":
        return []
    at = f"{company_id}|{_network(address)}"
    if kind == "visitor":
        return [_named(VISITORS, at)]
    return [_named(ACCOUNT, f"{company_id}|{caller_id}"), _named(CUSTOMERS, at)]


def borne(source: str) -> int:
    """How many declines a source may collect."""
    return BORNE[source.partition(":")[0]]


def _named(kind: str, text: str) -> str:
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _network(address: str | None) -> str:
    """Whoever has one IPv6 address has as many as they like of its /64."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network(f"{parsed}/64", strict=False))
    return str(parsed)
