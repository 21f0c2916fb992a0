"""The one table from role to permissions. ``write`` implies nothing here: each permission is named."""

from collections.abc import Iterable
from typing import Literal, get_args

Role = Literal[
    "super_admin",
    "company_admin",
    "shop_manager",
    "shop_staff",
    "customer",
    "anonymous",
    "secret_key",
    "publishable_key",
    "service",
]
ROLES: tuple[str, ...] = get_args(Role)

STAFF_ROLES = ("company_admin", "shop_manager", "shop_staff")

_CUSTOMER = frozenset(
    {
        "own.orders",
        "own.payments",
        "own.notifications",
        "own.cart",
        "own.account",
        "products.read",
        "realtime.connect",
    }
)
_SHOP_STAFF = frozenset(
    {
        "customers.read",
        "customers.write",
        "inventory.read",
        "notifications.read",
        "orders.create",
        "orders.fulfil",
        "orders.read",
        "orders.write",
        "own.account",
        "own.notifications",
        "payments.process",
        "payments.read",
        "payments.refund",
        "pos.sell",
        "products.read",
        "realtime.connect",
        "shops.read",
        "stock.adjust",
    }
)
_SHOP_MANAGER = _SHOP_STAFF | {
    "analytics.read",
    "notifications.write",
    "orders.backdate",
    "orders.discount",
    "orders.override_price",
    "payments.capture",
    "pos.return_without_receipt",
    "products.write",
    "shop_staff.manage",
    "shop_staff.read",
    "warehouses.write",
}
_COMPANY_ADMIN = _SHOP_MANAGER | {
    "audit.read",
    "company.read",
    "company.write",
    "debts.read",
    "debts.write",
    "keys.manage",
    "ledger.read",
    "payments.configure",
    "shop_managers.manage",
    "shops.write",
    "storefront.write",
    "users.manage",
    "users.read",
}
_SUPER_ADMIN = _COMPANY_ADMIN | {
    "companies.create",
    "companies.list",
    "companies.suspend",
    "platform.manage",
    "platform.read",
}

ANONYMOUS = frozenset({"products.read", "own.cart", "own.orders", "own.payments"})
"""What a storefront's visitor may do, and the most that a publishable key may be given."""

ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    "super_admin": _SUPER_ADMIN,
    "company_admin": _COMPANY_ADMIN,
    "shop_manager": _SHOP_MANAGER,
    "shop_staff": _SHOP_STAFF,
    "customer": _CUSTOMER,
    "anonymous": ANONYMOUS,
    "secret_key": frozenset(),  # what its scopes name, and nothing by itself
    "publishable_key": frozenset(),
    "service": frozenset({"internal.call"}),
}

PERMISSIONS: frozenset[str] = frozenset().union(*ROLE_PERMISSIONS.values())


def with_reads(scopes: Iterable[str]) -> frozenset[str]:
    """Scopes with what they imply: whoever may write a thing may read it. No scope: nothing."""
    named = frozenset(scopes)
    implied = {scope.removesuffix(".write") + ".read" for scope in named if scope.endswith(".write")}
    return (named | implied) & PERMISSIONS


def permissions_of(role: str, custom: list[str] | None = None) -> frozenset[str]:
    """The permissions of a role; a custom role lists its own, never beyond what is known."""
    if custom is not None:
        return frozenset(custom) & PERMISSIONS
    return ROLE_PERMISSIONS.get(role, frozenset())
