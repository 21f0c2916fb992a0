"""The one table from role to permissions. ``write`` implies nothing here: each permission is named."""

from typing import Literal, get_args

Role = Literal["super_admin", "company_admin", "shop_manager", "shop_staff", "customer", "anonymous", "service"]
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
    "orders.backdate",
    "orders.discount",
    "orders.override_price",
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
    "shop_managers.manage",
    "shops.write",
    "users.manage",
    "users.read",
}
_SUPER_ADMIN = _COMPANY_ADMIN | {"companies.create", "companies.list", "companies.suspend", "platform.read"}

ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    "super_admin": _SUPER_ADMIN,
    "company_admin": _COMPANY_ADMIN,
    "shop_manager": _SHOP_MANAGER,
    "shop_staff": _SHOP_STAFF,
    "customer": _CUSTOMER,
    "anonymous": frozenset({"products.read", "own.cart", "own.orders", "own.payments"}),
    "service": frozenset({"internal.call"}),
}

PERMISSIONS: frozenset[str] = frozenset().union(*ROLE_PERMISSIONS.values())


def permissions_of(role: str, custom: list[str] | None = None) -> frozenset[str]:
    """The permissions of a role; a custom role lists its own, never beyond what is known."""
    if custom is not None:
        return frozenset(custom) & PERMISSIONS
    return ROLE_PERMISSIONS.get(role, frozenset())
