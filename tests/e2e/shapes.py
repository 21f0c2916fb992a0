"""The resource shapes of API.md as data, and a strict checker: every field present, every type exact."""

import re
from collections.abc import Callable
from typing import Any

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
DAY = re.compile(r"^\d{4}-\d\d-\d\d$")
HASH = re.compile(r"^[0-9a-f]{64}$")
Shape = Any
"""A type, a pattern, a set of words, a dict of fields, a list of one shape, or a function of value and place."""


class ShapeError(AssertionError):
    """What was answered is not of the promised shape; says where."""


def check(value: Any, shape: Shape, at: str = "$") -> Any:
    """The value, when it has the shape.

    Raises:
        ShapeError: it has not.
    """
    if isinstance(shape, dict):
        _check_fields(value, shape, at)
    elif isinstance(shape, list):
        _hold(isinstance(value, list), value, "a list", at)
        for number, item in enumerate(value):
            check(item, shape[0], f"{at}[{number}]")
    elif isinstance(shape, set):
        _hold(value in shape, value, f"one of {sorted(shape)}", at)
    elif isinstance(shape, re.Pattern):
        _hold(isinstance(value, str) and bool(shape.match(value)), value, shape.pattern, at)
    elif isinstance(shape, type):
        _hold(type(value) is shape, value, shape.__name__, at)
    else:
        shape(value, at)
    return value


def _check_fields(value: Any, shape: dict[str, Shape], at: str) -> None:
    _hold(isinstance(value, dict), value, "an object", at)
    for name, inner in shape.items():
        if name.endswith("?"):
            if name[:-1] in value:
                check(value[name[:-1]], inner, f"{at}.{name[:-1]}")
            continue
        if name not in value:
            raise ShapeError(f"{at}.{name} is absent; there are {sorted(value)}")
        check(value[name], inner, f"{at}.{name}")
    for name in value:
        _hold("_" not in name or at.endswith(("attributes", "options")), name, "camelCase", at)


def _hold(holds: bool, value: Any, wanted: str, at: str) -> None:
    if not holds:
        raise ShapeError(f"{at} is {value!r}, not {wanted}")


def null_or(shape: Shape) -> Callable[[Any, str], None]:
    """The shape, or null."""

    def checked(value: Any, at: str) -> None:
        if value is not None:
            check(value, shape, at)

    return checked


def id_of(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"^{prefix}_[0-9A-Za-z]{{10,}}$")


def anything(_value: Any, _at: str) -> None:
    """Present, whatever it is."""


ID = re.compile(r"^[a-z]{3,4}_[0-9A-Za-z]{10,}$")
TEXT = null_or(str)
MAYBE_ID = null_or(ID)
MAYBE_TIME = null_or(TIME)
MONEY = {"amount": int, "currency": re.compile(r"^[A-Z]{3}$")}


def resource(prefix: str | None, /, **fields: Shape) -> dict[str, Shape]:
    """What every resource has, and its own fields."""
    common = {"id": id_of(prefix) if prefix else ID, "companyId": id_of("cmp"), "version": int}
    return {**common, "createdAt": TIME, "updatedAt": TIME, **fields}


ADDRESS = {
    **dict.fromkeys(("name", "line2", "region", "postalCode", "phone"), TEXT),
    "line1": str,
    "city": str,
    "country": re.compile(r"^[A-Z]{2}$"),
}
USER = resource(
    "usr",
    email=str,
    name=TEXT,
    role=str,
    companyId=MAYBE_ID,
    shopIds=[id_of("shp")],
    customerId=null_or(id_of("cus")),
    emailVerified=bool,
)
SIGNED_IN = {"user": USER, "accessToken": str, "refreshToken": str, "tokenType": {"Bearer"}, "expiresIn": int}
ME = {"user": USER, "role": str, "companyId": MAYBE_ID, "shopIds": [id_of("shp")], "permissions": [str]}
COMPANY = resource(
    "cmp",
    name=str,
    slug=str,
    status={"active", "suspended", "closed"},
    currency=re.compile("^[A-Z]{3}$"),
    timezone=str,
    country=TEXT,
    settings={
        "taxInclusive": bool,
        "taxBasisPoints": int,
        "guestCheckout": bool,
        "paymentDeadlineSeconds": int,
        "lowStockThreshold": int,
    },
)
SHOP = resource(
    "shp",
    name=str,
    code=str,
    address=null_or(ADDRESS),
    timezone=str,
    status=str,
    warehouseId=null_or(id_of("whs")),
)
STAFF_MEMBER = {
    "userId": id_of("usr"),
    "email": str,
    "name": TEXT,
    "role": {"shop_manager", "shop_staff"},
    "status": {"active", "invited", "disabled"},
}
LEVEL = {"in_stock", "low_stock", "out_of_stock"}
PRODUCT = resource(
    "prd",
    sku=str,
    name=str,
    description=TEXT,
    status={"draft", "active", "archived"},
    price=MONEY,
    categoryId=MAYBE_ID,
    attributes=dict,
    barcode=TEXT,
    taxBasisPoints=null_or(int),
    stockStatus=LEVEL,
    options=[{"name": str, "values": [str]}],
    images=[{"id": ID, "url": str, "alt": TEXT}],
    variants=[{"id": id_of("var"), "sku": str, "options": dict, "price": MONEY, "barcode": TEXT, "stockStatus": LEVEL}],
)
CATEGORY = resource(None, name=str, parentId=MAYBE_ID)
CUSTOMER = resource("cus", email=TEXT, name=TEXT, phone=TEXT, address=null_or(ADDRESS))
WAREHOUSE = resource("whs", name=str, code=str, shopId=null_or(id_of("shp")), priority=int)
TOTALS = {
    **dict.fromkeys(("subtotal", "discount", "tax", "shipping", "grandTotal"), MONEY),
    "taxInclusive": bool,
}
CART = {
    "token": TEXT,
    "currency": str,
    "totals": TOTALS,
    "items": [
        {
            "id": str,
            "productId": id_of("prd"),
            "variantId": null_or(id_of("var")),
            "sku": str,
            "name": str,
            "quantity": int,
            "unitPrice": MONEY,
            "total": MONEY,
            "available": bool,
        }
    ],
}
ORDER_FIELDS = {
    "number": anything,
    "channel": {"web", "staff", "pos"},
    "customerId": null_or(id_of("cus")),
    "email": TEXT,
    "shopId": null_or(id_of("shp")),
    "cartId": TEXT,
    "cancelReason": TEXT,
    "status": {"pending", "confirmed", "processing", "completed", "on_hold", "cancelled"},
    "paymentStatus": {"unpaid", "authorized", "paid", "partially_refunded", "refunded", "failed", "expired"},
    "fulfilmentStatus": {
        *("unfulfilled", "reserved", "partially_fulfilled", "fulfilled", "delivered"),
        *("returned", "partially_returned"),
    },
    "items": [
        {
            "id": str,
            "productId": id_of("prd"),
            "variantId": null_or(id_of("var")),
            "sku": str,
            "name": str,
            "quantity": int,
            "fulfilledQuantity": int,
            "unitPrice": MONEY,
            "discount": MONEY,
            "taxBasisPoints": int,
            "tax": MONEY,
            "total": MONEY,
        }
    ],
    "totals": TOTALS,
    "paid": MONEY,
    "refunded": MONEY,
    "due": MONEY,
    "payment": null_or({"method": TEXT}),
    "payments": [{"id": id_of("pay"), "method": str, "amount": MONEY, "status": str}],
    "fulfilments": [{"id": str, "items": list, "tracking": anything, "at": TIME}],
    "shippingAddress": null_or(ADDRESS),
    "note": TEXT,
    "placedAt": TIME,
    "deadlineAt": MAYBE_TIME,
    "timeline": [{"at": TIME, "type": str, "actor": {"type": str, "id": TEXT}}],
}
ORDER = resource("ord", **ORDER_FIELDS, **{"orderToken?": str})
SALE = resource(
    "ord",
    **ORDER_FIELDS,
    clientSaleId=str,
    soldAt=TIME,
    change=MONEY,
    priceVariance=bool,
    tenders=[{"method": {"cash", "card", "on_account"}, "amount": MONEY}],
)
REFUND = resource("rfd", paymentId=id_of("pay"), amount=MONEY, reason=TEXT, status={"pending", "succeeded", "failed"})
PAYMENT = resource(
    "pay",
    orderId=id_of("ord"),
    method=str,
    provider=TEXT,
    amount=MONEY,
    captured=MONEY,
    refunded=MONEY,
    status={
        *("pending", "processing", "requires_action", "authorized", "succeeded", "failed", "expired", "voided"),
        *("partially_refunded", "refunded"),
    },
    nextAction=null_or({"type": str, "url": str}),
    failure=null_or({"code": str, "declineCode": TEXT}),
    refunds=[REFUND],
)
STOCK_ROW = {
    "sku": str,
    "productId": MAYBE_ID,
    "variantId": null_or(id_of("var")),
    "warehouseId": id_of("whs"),
    "onHand": int,
    "reserved": int,
    "available": int,
    "incoming": int,
    "lowStockThreshold": null_or(int),
    "status": str,
}
STOCK = {"sku": str, "onHand": int, "reserved": int, "available": int, "incoming": int, "warehouses": [STOCK_ROW]}
MOVEMENT = {
    "id": ID,
    "warehouseId": id_of("whs"),
    "sku": str,
    "delta": int,
    "onHandAfter": int,
    "note": TEXT,
    "reason": {
        *("opening", "received", "sold", "returned", "damaged", "lost", "found", "correction", "transfer"),
    },
    "reference": null_or({"type": str, "id": str}),
    "at": TIME,
    "actor": anything,
}
BATCH = {
    "results": [
        {
            "index": int,
            "clientSaleId?": TEXT,
            "status": {"accepted", "replayed", "rejected"},
            "result": null_or(dict),
            "problem": null_or(dict),
        }
    ],
    "accepted": int,
    "replayed": int,
    "rejected": int,
}
DASHBOARD = {
    "from": anything,
    "to": anything,
    "currency": str,
    "timezone": str,
    "revenue": MONEY,
    "orders": int,
    "averageOrderValue": MONEY,
    "units": int,
    "refunds": MONEY,
    "topProducts": [{"productId": id_of("prd"), "sku": str, "name": str, "units": int, "revenue": MONEY}],
    "byDay": [{"date": DAY, "revenue": MONEY, "orders": int, "units": int}],
}
NOTIFICATION = resource(
    "ntf",
    type=str,
    channel={"email", "sms", "push", "in_app"},
    priority=str,
    status=str,
    subject=TEXT,
    recipient={"userId": MAYBE_ID, "customerId": MAYBE_ID, "address": TEXT},
    reference=null_or({"type": str, "id": str}),
    attempts=[{"at": TIME, "channel": str, "status": str, "error": TEXT}],
)
AUDIT_EVENT = {
    "sequence": int,
    "at": TIME,
    "action": str,
    "before": anything,
    "after": anything,
    "requestId": TEXT,
    "actor": {"type": {"user", "key", "system", "anonymous"}, "id": TEXT, "ip": TEXT},
    "resource": {"type": str, "id": TEXT},
    "eventId": TEXT,
    "hash": HASH,
    "previousHash": HASH,
}
DEBT = resource(
    "dbt",
    debtorType={"customer", "company"},
    debtorId=ID,
    orderId=null_or(id_of("ord")),
    principal=MONEY,
    paid=MONEY,
    outstanding=MONEY,
    dueAt=MAYBE_TIME,
    status={"open", "partially_paid", "paid", "overdue", "written_off"},
    schedule=[{"dueAt": TIME, "amount": MONEY, "paid": MONEY}],
    payments=[{"id": str, "amount": MONEY, "method": str, "at": TIME}],
)
KEY = resource(
    None,
    **{"name": str, "type": {"publishable", "secret"}, "scopes": [str], "prefix": str, "key?": str},
    lastUsedAt=MAYBE_TIME,
    expiresAt=MAYBE_TIME,
    revokedAt=MAYBE_TIME,
)
TICKET = {"ticket": str, "expiresIn": int, "url": str}
PROBLEM = {
    "type": str,
    "title": str,
    "status": int,
    "detail": str,
    "instance": str,
    "code": re.compile("^[a-z0-9_]+$"),
    "requestId": str,
    "errors?": [{"field": str, "message": str}],
}


def page_of(shape: Shape) -> dict[str, Shape]:
    """A list's answer."""
    return {"items": [shape], "nextCursor": TEXT}
