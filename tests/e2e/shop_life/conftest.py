"""A company for each module, founded as the contract says, with a shop, its warehouse and who works there."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest

from tests.e2e.api_client import WAIT, Client, eur, eventually, some
from tests.e2e.conftest import required
from tests.e2e.shapes import COMPANY, CUSTOMER, MOVEMENT, ORDER, PRODUCT, SHOP, SIGNED_IN, STAFF_MEMBER, check

PASSWORD = "correct horse 21 staple"
ADDRESS = {"name": "A Buyer", "line1": "1 Row", "city": "Berlin", "postalCode": "10115", "country": "DE"}
UNKNOWN = "01J0000000000000000000000Z"


@dataclass
class Life:
    """A company, its admin and all that the tests make in it."""

    platform: Client
    company: dict[str, Any]
    admin: Client
    admin_email: str
    shop: dict[str, Any] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def slug(self) -> str:
        return str(self.company["slug"])

    @property
    def warehouse_id(self) -> str:
        return str(self.shop["warehouseId"])

    def product(self, *, price: int = 1000, stock: int = 100, **more: Any) -> dict[str, Any]:
        """A new product with this much of it, or of each of its variants, on the shelf."""
        body = {"sku": f"SKU-{next(self.numbers)}", "name": "A product", "price": eur(price), **more}
        product: dict[str, Any] = check(self.admin.post("/api/products", body), PRODUCT)
        for sku in [variant["sku"] for variant in product["variants"]] or [product["sku"]]:
            if stock:
                self.adjust(sku, stock)
        return product

    def adjust(self, sku: str, delta: int, reason: str = "opening") -> dict[str, Any]:
        body = {"warehouseId": self.warehouse_id, "sku": sku, "delta": delta, "reason": reason}
        movement: dict[str, Any] = check(self.admin.post("/api/inventory/v1/adjustments", body), MOVEMENT)
        return movement

    def stock(self, sku: str) -> dict[str, Any]:
        found: dict[str, Any] = self.admin.get(f"/api/inventory/v1/products/{sku}")
        return found

    def settles(self, sku: str, on_hand: int, reserved: int = 0) -> None:
        """This much is there and this much of it held."""
        eventually(lambda: self.stock(sku), lambda row: (row["onHand"], row["reserved"]) == (on_hand, reserved))

    def anonymous(self) -> Client:
        """A visitor of this company's storefront."""
        return self.admin.other(X_Tenant_ID=self.slug)

    def customer(self, email: str | None = None) -> Client:
        """A registered customer, signed in."""
        visitor = self.anonymous()
        body = {"email": email or f"{some()}@buyers.example", "password": PASSWORD, "role": "customer", "name": "B"}
        return visitor.bearing(check(visitor.post("/api/auth/register", body), SIGNED_IN)["accessToken"])

    @cached_property
    def buyer(self) -> Client:
        """A customer for whom it does not matter what they bought before."""
        return self.customer()

    def employ(self, role: str = "shop_staff", shop_id: str | None = None) -> Client:
        """A member of a shop's staff, signed in."""
        email = f"{some()}@staff.example"
        body = {"email": email, "password": PASSWORD, "name": "Staff", "role": role}
        member = check(self.admin.post(f"/api/shops/{shop_id or self.shop['id']}/staff", body), STAFF_MEMBER)
        assert (member["email"], member["status"]) == (email, "active")
        return sign_in(self.admin.other(), email)

    def order(self, buyer: Client, product: dict[str, Any], *, status: int = 201, **more: Any) -> dict[str, Any]:
        """The answer to an order of this product, decided if it says how to pay; `quantity` is one unless said."""
        line: dict[str, Any] = {"productId": product["id"], "quantity": more.pop("quantity", 1)}
        body = {"items": [line], "shippingAddress": ADDRESS, **more}
        headers = WAIT if "payment" in more else None
        order: dict[str, Any] = buyer.post("/api/orders", body, status=status, headers=headers)
        return check(order, ORDER) if status == 201 else order

    def becomes(self, order_id: str, **fields: Any) -> dict[str, Any]:
        """The order once these fields have these values."""
        order: dict[str, Any] = eventually(
            lambda: self.admin.get(f"/api/orders/{order_id}"),
            lambda found: all(found[name] == value for name, value in fields.items()),
        )
        return check(order, ORDER)

    def account(self) -> dict[str, Any]:
        """A customer that staff keep, with no login."""
        body = {"name": "Regular", "email": f"{some()}@regular.example"}
        found: dict[str, Any] = check(self.admin.post("/api/customers", body), CUSTOMER)
        return found


def card(token: str = "pm_card_visa") -> dict[str, Any]:
    return {"method": "card", "paymentMethodToken": token}


def sign_in(client: Client, email: str, password: str = PASSWORD) -> Client:
    """The client with the access token of this login."""
    answer = check(client.post("/api/auth/login", {"email": email, "password": password}, status=200), SIGNED_IN)
    return client.bearing(answer["accessToken"])


def found_company(platform: Client, **more: Any) -> Life:
    """A company whose admin is signed in."""
    slug = some("life")
    email = f"admin@{slug}.example"
    admin = {"email": email, "password": PASSWORD, "name": "Admin"}
    body = {"name": "A Life", "slug": slug, "currency": "EUR", "timezone": "Europe/Berlin", "country": "DE", **more}
    company = check(platform.post("/api/companies", {**body, "admin": admin}), COMPANY)
    return Life(platform, company, sign_in(platform.other(), email), email)


def open_shop(life: Life, code: str = "S1") -> dict[str, Any]:
    """A shop whose default warehouse exists."""
    made = check(life.admin.post("/api/shops", {"name": "Shop", "code": code}), SHOP)
    found = eventually(lambda: life.admin.get(f"/api/shops/{made['id']}"), lambda shop: shop["warehouseId"])
    shop: dict[str, Any] = check(found, SHOP)
    return shop


@pytest.fixture(scope="session")
def platform(gateway_url: str) -> Client:
    """The platform's administrator, signed in."""
    email, password = required("MARKETHALL_TEST_ADMIN_EMAIL"), required("MARKETHALL_TEST_ADMIN_PASSWORD")
    return sign_in(Client(gateway_url), email, password)


@pytest.fixture(scope="module")
def life(platform: Client) -> Life:
    made = found_company(platform)
    made.shop = open_shop(made)
    return made


@pytest.fixture(scope="module")
def stranger(platform: Client) -> Life:
    """Another company, which none of this concerns."""
    return found_company(platform)
