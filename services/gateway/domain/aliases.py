"""Other names for the same addresses, in one place, and the addresses whose feature is not built yet.

An alias changes the address alone: behaviour, permission and transition map are the canonical route's. What the
five source systems document is either a canonical route, an alias, or stands in ``NOT_BUILT_YET``.
"""

from dataclasses import dataclass
from functools import cached_property

from services.gateway.domain.refusals import MethodNotAllowed, NotBuiltYet


@dataclass(frozen=True)
class Alias:
    """``known`` is called ``canonical``; both read ``METHOD /path/{parameter}``.

    ``tenant`` names the parameter that stands for the company acted in.
    """

    known: str
    canonical: str
    tenant: str | None = None

    @cached_property
    def method(self) -> str:
        """The canonical method."""
        return self.canonical.partition(" ")[0]

    def target(self, values: dict[str, str]) -> str:
        """The canonical path and query with these parameters, encoded as they came."""
        path = self.canonical.partition(" ")[2]
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", value)
        return path


ALIASES: tuple[Alias, ...] = (
    Alias("GET /api/docs", "GET /docs"),
    # Companies were called tenants.
    Alias("POST /api/management/tenants/create", "POST /api/companies"),
    Alias("GET /api/management/tenants", "GET /api/companies"),
    Alias("POST /api/management/keys/generate", "POST /api/keys"),
    Alias("GET /api/management/tenants/{tenant}/keys", "GET /api/keys", tenant="tenant"),
    Alias("DELETE /api/management/keys/{id}/revoke", "DELETE /api/keys/{id}"),
    Alias("GET /api/tenants", "GET /api/companies"),
    Alias("POST /api/tenants", "POST /api/companies"),
    Alias("GET /api/tenants/{id}", "GET /api/companies/{id}"),
    Alias("GET /api/tenants/{id}/analytics-summary", "GET /api/analytics/summary/overview", tenant="id"),
    # The storefront's own names.
    Alias("PUT /api/storefront/config/update", "PATCH /api/storefront/config"),
    Alias("GET /api/storefront/products", "GET /api/products"),
    Alias("POST /api/storefront/orders/create", "POST /api/orders"),
    # Goods.
    Alias("POST /api/products/create", "POST /api/products"),
    Alias("PUT /api/products/{id}", "PATCH /api/products/{id}"),
    Alias("DELETE /api/products/{id}/delete", "DELETE /api/products/{id}"),
    Alias("GET /api/products/{id}/analytics", "GET /api/analytics/products/{id}"),
    Alias("GET /api/products/low_stock", "GET /api/products?stockStatus=low_stock"),
    Alias("GET /api/products/top_selling", "GET /api/analytics/product-performance"),
    Alias("GET /api/products/categories_summary", "GET /api/categories/summary"),
    # Orders.
    Alias("POST /api/orders/create", "POST /api/orders"),
    Alias("PUT /api/orders/{id}", "PATCH /api/orders/{id}"),
    Alias("DELETE /api/orders/{id}", "POST /api/orders/{id}/cancel"),
    Alias("PUT /api/orders/{id}/status", "POST /api/orders/{id}/status"),
    Alias("POST /api/orders/{id}/update_status", "POST /api/orders/{id}/status"),
    Alias("POST /api/orders/{id}/create_refund", "POST /api/payments/orders/{id}/refund"),
    Alias("GET /api/orders/analytics", "GET /api/analytics/orders"),
    # Customers.
    Alias("PUT /api/customers/{id}", "PATCH /api/customers/{id}"),
    Alias("GET /api/customers/{id}/analytics", "GET /api/analytics/customers/{id}"),
    Alias("POST /api/customers/{id}/add_note", "POST /api/customers/{id}/notes"),
    # Payments.
    Alias("POST /api/payments/create_payment_intent", "POST /api/payments/process"),
    Alias("POST /api/payments/{id}/confirm_payment", "POST /api/payments/{id}/confirm"),
    # Figures.
    Alias("GET /api/statistics", "GET /api/analytics/summary/overview"),
    Alias("GET /api/advanced-analytics/real-time-metrics/current", "GET /api/analytics/real-time/current"),
)

NOT_BUILT_YET: tuple[str, ...] = (
    "POST /api/products/{id}/upload-image",
    "GET /api/customers/vip_customers",
    "GET /api/customers/new_customers",
    "GET /api/customers/inactive_customers",
    "GET /api/customers/top_customers",
    "GET /api/customers/analytics_summary",
    "GET /api/analytics/customer-segments",
    "GET /api/analytics/events",
    "POST /api/analytics/events",
    "GET /api/advanced-analytics/dashboard-widgets",
    "POST /api/advanced-analytics/dashboard-widgets",
    "GET /api/advanced-analytics/data-exports",
    "POST /api/advanced-analytics/data-exports",
    "GET /api/advanced-analytics/alert-rules",
    "POST /api/advanced-analytics/alert-rules",
    "GET /api/advanced-analytics/reports",
    "POST /api/advanced-analytics/reports",
    "GET /api/stores",
    "POST /api/stores",
    "GET /api/stores/{id}",
    "DELETE /api/stores/{id}",
)
"""Answered with 501 ``not_built_yet``."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The canonical call behind an alias. ``tenant``: the company that the path named."""

    method: str
    path: str
    query: bytes
    tenant: str | None = None


class _Node:
    """One segment of known addresses."""

    __slots__ = ("below", "methods", "parameter")

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.methods: dict[str, tuple[Alias | None, tuple[str, ...]]] = {}

    def add(self, known: str, alias: Alias | None) -> None:
        """Hang ``METHOD /path`` into the tree."""
        method, _, path = known.partition(" ")
        node, names = self, []
        for segment in path[1:].split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.below.setdefault(segment, _Node())
        node.methods[method] = (alias, tuple(names))

    def find(self, segments: list[str], at: int, values: tuple[str, ...]) -> "tuple[_Node, tuple[str, ...]] | None":
        """The node of a path with its parameters' values; a literal segment goes before a parameter."""
        if at == len(segments):
            return (self, values) if self.methods else None
        segment = segments[at]
        literal = self.below.get(segment)
        found = literal.find(segments, at + 1, values) if literal is not None else None
        if found is None and self.parameter is not None and segment:
            found = self.parameter.find(segments, at + 1, (*values, segment))
        return found

    @property
    def is_unbuilt(self) -> bool:
        """Whether nothing at this address is built."""
        return all(alias is None for alias, _ in self.methods.values())


def _tree() -> _Node:
    root = _Node()
    for alias in ALIASES:
        root.add(alias.known, alias)
    for known in NOT_BUILT_YET:
        root.add(known, None)
    return root


_ROOT = _tree()


def resolve(method: str, raw: str, *, is_known: bool) -> Resolved | None:
    """What ``method raw`` is another name for; None where it speaks for itself.

    ``raw`` is the path as sent, without a trailing slash; ``is_known``: a service answers there, too. Raises
    NotBuiltYet, and MethodNotAllowed where only other methods have a meaning.
    """
    found = _ROOT.find(raw[1:].split("/"), 0, ())
    if found is None:
        return None
    node, values = found
    meaning = node.methods.get("GET" if method == "HEAD" else method)
    if meaning is None:
        if is_known and not node.is_unbuilt:
            return None
        raise MethodNotAllowed(sorted(node.methods))
    alias, names = meaning
    if alias is None:
        raise NotBuiltYet(f"{method} {raw}")
    named = dict(zip(names, values, strict=True))
    path, _, query = alias.target(named).partition("?")
    tenant = named[alias.tenant] if alias.tenant is not None else None
    return Resolved(method if method == "HEAD" else alias.method, path, query.encode("latin-1"), tenant)
