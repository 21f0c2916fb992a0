"""Every address of API.md's last table, called through the gateway by who may, with ids that exist."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.gateway.domain.aliases import NOT_BUILT_YET
from tests.e2e.api_client import Client, eur, some
from tests.e2e.shop_life.conftest import ADDRESS, PASSWORD, Life, card

CONTRACT = Path(__file__).resolve().parents[4] / "shared/API.md"
ADDRESSES = re.compile(r"((?:GET|POST|PUT|PATCH|DELETE)(?:, (?:GET|POST|PUT|PATCH|DELETE))*) (/[^ |]+)")
UNBUILT = {re.sub(r"\{\w+\}", "{}", known) for known in NOT_BUILT_YET}
AS_PLATFORM = ("/api/management/tenants", "/api/management/tenants/create", "/api/tenants", "/api/companies")
AS_CUSTOMER = ("/api/cart/items",)


def told() -> list[str]:
    """Each ``METHOD /path`` of the table; none where the contract does not lie beside the repository."""
    if not CONTRACT.exists() and not os.environ.get("CI"):
        return []
    table = CONTRACT.read_text().partition("five source systems document")[2]
    found = [(methods, path) for methods, path in ADDRESSES.findall(table)]
    return sorted({f"{method} {path}" for methods, path in found for method in methods.split(", ")})


class Town:
    """What the addresses speak of: made anew for each call, so that one leaves no trace for the next."""

    def __init__(self, life: Life) -> None:
        self.life = life

    def product(self) -> str:
        return str(self.life.product()["id"])

    def customer(self) -> str:
        return str(self.life.account()["id"])

    def order(self) -> str:
        """A paid order."""
        return str(self.life.order(self.life.buyer, self.life.product(), payment=card())["id"])

    def payment(self) -> str:
        return str(self.life.admin.get("/api/payments", orderId=self.order())["items"][0]["id"])

    def held_payment(self) -> str:
        """One that waits for its cardholder."""
        order = self.life.order(self.life.buyer, self.life.product())
        self.life.becomes(order["id"], fulfilmentStatus="reserved")
        body = {"orderId": order["id"], **card("pm_card_threeDSecure2Required")}
        return str(self.life.admin.post("/api/payments/process", body, status=202)["id"])

    def key(self) -> str:
        body = {"name": "K", "type": "secret", "scopes": []}
        return str(self.life.admin.post("/api/keys", body)["id"])

    def company(self) -> str:
        return str(self.life.company["id"])

    def id_for(self, path: str) -> str:
        """A real id for the parameter of this path."""
        if path.endswith("confirm_payment"):
            return self.held_payment()
        makers: dict[str, Callable[[], str]] = {
            "products": self.product, "customers": self.customer, "orders": self.order, "payments": self.payment,
            "tenants": self.company, "keys": self.key, "stores": self.company,
        }  # fmt: skip
        return makers[path.partition("{")[0].rstrip("/").rpartition("/")[2]]()

    def body(self, method: str, path: str) -> dict[str, Any] | None:
        """What this address wants to be sent."""
        if method in ("GET", "DELETE"):
            return None
        maker = BODIES.get(path) or BODIES[re.sub(r"^/api/(?:management|storefront)?/?", "", path).split("/")[0]]
        return maker(self)


def _company(_town: Town) -> dict[str, Any]:
    slug = some("told")
    admin = {"email": f"{slug}@a.example", "password": PASSWORD, "name": "A"}
    return {"name": "T", "slug": slug, "currency": "EUR", "timezone": "Europe/Berlin", "admin": admin}


def _new_product(_town: Town) -> dict[str, Any]:
    return {"sku": some("T"), "name": "T", "price": eur(5)}


def _order(town: Town) -> dict[str, Any]:
    return {
        "items": [{"productId": town.product(), "quantity": 1}],
        "customerId": town.customer(),
        "shippingAddress": ADDRESS,
    }


def _to_pay(town: Town) -> dict[str, Any]:
    order = town.life.order(town.life.buyer, town.life.product())
    town.life.becomes(order["id"], fulfilmentStatus="reserved")
    return {"orderId": order["id"], **card()}


BODIES: dict[str, Callable[[Town], dict[str, Any]]] = {
    "tenants": _company,
    "companies": _company,
    "keys": lambda _: {"name": "K", "type": "secret", "scopes": []},
    "config": lambda _: {},
    "products": _new_product,
    "/api/products/{id}": lambda _: {"name": "Renamed"},
    "orders": _order,
    "/api/orders/{id}": lambda _: {"note": "N"},
    "/api/orders/{id}/status": lambda _: {"status": "processing"},
    "/api/orders/{id}/update_status": lambda _: {"status": "processing"},
    "/api/orders/{id}/create_refund": lambda _: {"amount": eur(100), "reason": "R"},
    "customers": lambda _: {"name": "N", "email": f"{some()}@regular.example"},
    "/api/customers/{id}": lambda _: {"name": "N"},
    "/api/customers/{id}/add_note": lambda _: {"text": "Likes blue"},
    "/api/payments/create_payment_intent": _to_pay,
    "/api/payments/process": _to_pay,
    "/api/payments/{id}/confirm_payment": lambda _: {},
    "/api/payments/{id}/refund": lambda _: {"amount": eur(100), "reason": "R"},
    "stores": lambda _: {"name": "S", "engine": "medusa"},
    "analytics": lambda _: {"name": "page_view"},
    "advanced-analytics": lambda _: {"name": "X"},
    "cart": lambda town: {"productId": town.product(), "quantity": 1},
    "shops": lambda _: {"name": "S", "code": some("s")},
    "/api/auth/register": lambda _: {"email": f"{some()}@b.example", "password": PASSWORD, "role": "customer"},
    "/api/auth/login": lambda town: {"email": town.life.admin_email, "password": PASSWORD},
}


def _caller(life: Life, platform: Client, path: str) -> Client:
    if path in AS_PLATFORM:
        return platform
    if path in AS_CUSTOMER:
        return life.customer()
    if path == "/api/auth/login":
        return life.admin.other()
    return life.anonymous() if path == "/api/auth/register" else life.admin


@pytest.mark.parametrize("address", told())
def test_every_told_address_answers(life: Life, platform: Client, address: str) -> None:
    """With success, or 501 where the gateway's list says that it is not built yet."""
    method, path = address.split(" ")
    town = Town(life)
    unbuilt = f"{method} {re.sub(r'{[a-z_]+}', '{}', path)}" in UNBUILT
    body = town.body(method, path)
    filled = re.sub(r"\{[a-z_]+\}", lambda _: town.id_for(path), path)
    answer = _caller(life, platform, path).send(method, filled, body)
    if unbuilt:
        assert (answer.status_code, answer.json()["code"]) == (501, "not_built_yet")
    else:
        assert answer.status_code < 300, f"{answer.status_code} {answer.text[:600]}"


def test_a_status_alias_sets_nothing_that_happened_elsewhere(life: Life) -> None:
    order = life.order(life.buyer, life.product())
    for method, path in (("PUT", "status"), ("POST", "update_status")):
        for word in ("paid", "confirmed"):
            life.admin.refused(422, None, method, f"/api/orders/{order['id']}/{path}", {"status": word})
    assert life.admin.get(f"/api/orders/{order['id']}")["paymentStatus"] == "unpaid"
