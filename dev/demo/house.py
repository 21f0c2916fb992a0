"""Makes the demo's companies: shops, staff, customers, categories, products, stock."""

import asyncio
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dev.demo.goods import THINGS, Assortment, Good, make_assortment
from dev.demo.journal import Journal
from dev.trading import Api, Refused

BATCH = 250
CUSTOMERS = 12

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody to sign in as, for whoever tries the demo."""

    who: str
    email: str
    password: str
    tenant: str | None = None


@dataclass(slots=True)
class Company:
    """One generated company with everybody who trades in it."""

    slug: str
    currency: str
    id: str
    admin: Api
    journal: Journal
    shop_ids: list[str] = field(default_factory=list)
    warehouse_ids: list[str] = field(default_factory=list)
    tills: list[tuple[str, Api]] = field(default_factory=list)
    customers: list[Api] = field(default_factory=list)
    account_customer_ids: list[str] = field(default_factory=list)
    goods: list[Good] = field(default_factory=list)
    scarce: Good = field(default_factory=lambda: Good("", 0, 0))
    sign_ins: list[SignIn] = field(default_factory=list)


async def found(platform: Api, name: str, currency: str, timezone: str, country: str) -> Company:
    """A company with its admin signed in. A name that is taken gets a number."""
    base = name.lower().split()[0]
    for slug in (base, *(f"{base}-{secrets.token_hex(2)}" for _ in range(5))):
        login = SignIn(f"company admin of {name}", f"admin@{slug}.example", secrets.token_urlsafe(12))
        body = {
            "name": name,
            "slug": slug,
            "currency": currency,
            "timezone": timezone,
            "country": country,
            "admin": {"email": login.email, "password": login.password, "name": "Alex Admin"},
        }
        try:
            made = await platform.post("/api/companies", body)
        except Refused as refused:
            if refused.code not in ("slug_taken", "account_exists", "email_taken"):
                raise
            continue
        admin = Api(platform.base_url)
        await admin.sign_in(login.email, login.password)
        return Company(slug, currency, made["id"], admin, Journal(currency), sign_ins=[login])
    raise RuntimeError(f"no free name for {name}")


async def furnish(company: Company, rng: random.Random, products: int, advance: Advance) -> None:
    """Shops, staff, customers, goods and stock."""
    await _open_shops(company)
    await _hire(company)
    await _invite_customers(company)
    categories = {name: (await company.admin.post("/api/categories", {"name": name}))["id"] for name in sorted(THINGS)}
    assortment = make_assortment(rng, products, company.currency, categories)
    await _create(company, assortment, advance)
    await _fill_shelves(company, advance)


async def _open_shops(company: Company) -> None:
    for number, name in enumerate(("High Street", "Harbour"), 1):
        shop = await company.admin.post("/api/shops", {"name": name, "code": f"S{number}"})
        company.shop_ids.append(shop["id"])
    for shop_id in company.shop_ids:
        async with asyncio.timeout(30):
            while True:
                warehouse = (await company.admin.get(f"/api/shops/{shop_id}"))["warehouseId"]
                if warehouse:
                    break
                await asyncio.sleep(0.1)
        company.warehouse_ids.append(warehouse)


async def _hire(company: Company) -> None:
    """A manager and a till in each shop."""
    for number, shop_id in enumerate(company.shop_ids, 1):
        for role in ("shop_manager", "shop_staff"):
            short = role.removeprefix("shop_")
            email, password = f"{short}{number}@{company.slug}.example", secrets.token_urlsafe(12)
            body = {"email": email, "password": password, "name": f"{short.title()} {number}", "role": role}
            await company.admin.post(f"/api/shops/{shop_id}/staff", body)
            company.sign_ins.append(SignIn(f"{role.replace('_', ' ')}, shop {number}", email, password))
            if role == "shop_staff":
                till = Api(company.admin.base_url)
                await till.sign_in(email, password)
                company.tills.append((shop_id, till))


async def _invite_customers(company: Company) -> None:
    """Customers who register on the storefront, and two on whose account staff sell."""
    run = secrets.token_hex(3)
    for number in range(1, CUSTOMERS + 1):
        email, password = f"customer{number}.{run}@buyers.example", secrets.token_urlsafe(12)
        customer = Api(company.admin.base_url, tenant=company.slug)
        await customer.register(email, password, f"Customer {number}")
        company.customers.append(customer)
        if number == 1:
            company.sign_ins.append(SignIn("customer", email, password, tenant=company.slug))
    for number in (1, 2):
        body = {"email": f"account{number}.{run}@buyers.example", "name": f"Account {number}"}
        company.account_customer_ids.append((await company.admin.post("/api/customers", body))["id"])


async def _create(company: Company, assortment: Assortment, advance: Advance) -> None:
    assert assortment.scarce is not None
    company.goods, company.scarce = assortment.goods, assortment.scarce
    by_sku = {good.sku: good for good in (*company.goods, company.scarce)}
    for start in range(0, len(assortment.products), BATCH):
        batch = assortment.products[start : start + BATCH]
        answer = await company.admin.post("/api/products/batch", {"products": batch})
        for result in answer["results"]:
            _note_ids(result["result"], by_sku)
        advance(len(batch))


def _note_ids(product: dict[str, Any], by_sku: dict[str, Good]) -> None:
    for variant in product["variants"]:
        by_sku[variant["sku"]].product_id = product["id"]
        by_sku[variant["sku"]].variant_id = variant["id"]
    if product["sku"] in by_sku:
        by_sku[product["sku"]].product_id = product["id"]


async def _fill_shelves(company: Company, advance: Advance) -> None:
    """All stock in the first shop's warehouse, from which everything is sold."""
    goods = [*company.goods, company.scarce]
    for start in range(0, len(goods), BATCH):
        batch = goods[start : start + BATCH]
        rows = [
            {"warehouseId": company.warehouse_ids[0], "sku": good.sku, "delta": good.opening, "reason": "opening"}
            for good in batch
        ]
        answer = await company.admin.post("/api/inventory/v1/adjustments/batch", {"adjustments": rows})
        if answer["rejected"]:
            raise RuntimeError(f"opening stock refused: {answer['results'][:2]}")
        advance(len(batch))
