"""The thirteen services: the one table of names, ports and databases.

Ports are offsets from ``MARKETHALL_PORT_BASE`` so that several suites stand side by side.
"""

from dataclasses import dataclass

DEFAULT_PORT_BASE = 8000


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One service of the suite. ``database`` is None where a service stores nothing.

    ``niceness``: how far it stands back where processors are short (nice(1); each step is a fifth less; below 0 only
    root can). The door comes first, for it must be able to refuse; who only watches comes last. Whoever takes orders
    stands where those stand who work them off: a machine that takes more than it can end has only hidden the queue.
    """

    name: str
    port_offset: int
    database: str | None
    owns: str
    niceness: int


FIRST, ANSWERING, WATCHING = -8, 0, 4

SERVICES: dict[str, ServiceSpec] = {
    spec.name: spec
    for spec in (
        ServiceSpec("gateway", 0, None, "routes, tokens, tenants, rate limits, one door", FIRST),
        ServiceSpec("auth", 1, "authdb", "users, memberships, sessions, signing keys", ANSWERING),
        ServiceSpec("company", 2, "companydb", "companies (tenants) and their settings", ANSWERING),
        ServiceSpec("shop", 3, "shopdb", "shops and who works in them", ANSWERING),
        ServiceSpec("catalog", 4, "ecommercedb", "products, categories, search, carts", ANSWERING),
        ServiceSpec("sales", 5, "salesdb", "orders (the saga), till sales, customers", ANSWERING),
        ServiceSpec("payment", 6, "paymentdb", "payments, refunds, the double-entry ledger", ANSWERING),
        ServiceSpec("inventory", 7, "inventorydb", "warehouses, stock, reservations, movements", ANSWERING),
        ServiceSpec("notification", 8, "notificationdb", "messages and their deliveries", WATCHING),
        ServiceSpec("realtime", 9, "realtimedb", "live events to ticketed sockets", ANSWERING),
        ServiceSpec("audit", 10, "auditdb", "the hash-chained record of every change", WATCHING),
        ServiceSpec("analytics", 11, "analyticsdb", "revenue, orders, units by day", WATCHING),
        ServiceSpec("debt", 12, "debtdb", "debts, schedules, payments received", ANSWERING),
    )
}

SELLING = ("gateway", "auth", "catalog", "sales", "payment", "inventory")
"""What must be ready for an order to be taken and ended."""
