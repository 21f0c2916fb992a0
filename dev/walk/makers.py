"""How one resource of each kind is made, by whoever would make it."""

import secrets
from typing import Any

from dev.walk.world import ADDRESS, OPENING_STOCK, PASSWORD, Maker, World, until


async def _product(world: World) -> str:
    sku = world.text()
    body = {
        "sku": sku,
        "name": f"Product {world.mark}",
        "price": eur(1000),
        "categoryId": await world.id_of("category"),
    }
    made = await world.admin.post("/api/products", body)
    adjustment = {"warehouseId": world.ids["warehouse"], "sku": sku, "delta": OPENING_STOCK, "reason": "opening"}
    await world.admin.post("/api/inventory/v1/adjustments", adjustment)
    world.ids.setdefault("sku", sku)
    world.made.add(sku)
    return str(made["id"])


async def _sku(world: World) -> str:
    await world.id_of("product", fresh="sku" not in world.ids)
    return world.ids["sku"]


async def _category(world: World) -> str:
    return str((await world.admin.post("/api/categories", {"name": world.text()}))["id"])


async def _ordered(world: World, api: Any, **more: Any) -> dict[str, Any]:
    """An order that inventory has reserved."""
    body = {"items": [{"productId": await world.id_of("product"), "quantity": 2}], "shippingAddress": ADDRESS, **more}
    order = await api.post("/api/orders", body, Prefer="wait=10")
    path = f"/api/orders/{order['id']}"
    reserved = await until(lambda: world.admin.get(path), lambda found: found["fulfilmentStatus"] != "unfulfilled")
    return dict(reserved)


async def _order(world: World) -> str:
    """A customer's order, reserved and not paid."""
    return str((await _ordered(world, world.customer))["id"])


async def _order_of_others(world: World) -> str:
    return str((await _ordered(world, world.other_customer))["id"])


async def _shop_order(world: World) -> str:
    """An order that staff took in their shop."""
    return str((await _ordered(world, world.staff, shopId=world.ids["shop"], customerId=world.ids["customer"]))["id"])


async def _order_of_other_shop(world: World) -> str:
    return str((await _ordered(world, world.admin, shopId=world.ids["shop_of_others"]))["id"])


async def _paid_order(world: World) -> str:
    """A customer's order in the caller's shop, confirmed and paid by card."""
    card = {"method": "card", "paymentMethodToken": "pm_card_visa"}
    order = await _ordered(world, world.customer, shopId=world.ids["shop"], payment=card)
    path = f"/api/orders/{order['id']}"
    await until(lambda: world.admin.get(path), lambda found: found["paymentStatus"] == "paid")
    return str(order["id"])


async def _fulfilled_order(world: World) -> str:
    order_id = await _paid_order(world)
    await world.admin.post(f"/api/orders/{order_id}/fulfilments", {})
    return order_id


async def _payment_of(world: World, order_id: str) -> str:
    found = await until(
        lambda: world.admin.get("/api/payments", orderId=order_id),
        lambda page: [item for item in page["items"] if item["status"] == "succeeded"],
    )
    return str(found["items"][0]["id"])


async def _payment(world: World) -> str:
    return await _payment_of(world, await _paid_order(world))


async def _payment_of_others(world: World) -> str:
    card = {"method": "card", "paymentMethodToken": "pm_card_visa"}
    order = await _ordered(world, world.other_customer, payment=card)
    return await _payment_of(world, order["id"])


async def _warehouse_spare(world: World) -> str:
    body = {"name": world.text(), "code": secrets.token_hex(4), "shopId": world.ids["shop"]}
    return str((await world.admin.post("/api/inventory/v1/warehouses", body))["id"])


async def _sale(world: World) -> str:
    return str((await world.staff.post("/api/pos/sales", await sale(world)))["id"])


async def _record(world: World) -> str:
    """A customer's record without an account."""
    return str((await world.admin.post("/api/customers", {"name": world.text()}))["id"])


async def _debt(world: World) -> str:
    body = {"debtorType": "customer", "debtorId": world.ids["customer"], "principal": eur(100_000)}
    return str((await world.admin.post("/api/debts", body))["id"])


async def _user(world: World) -> str:
    person = {"email": f"{secrets.token_hex(5)}@{world.mark}.example", "password": PASSWORD, "name": world.mark}
    made = await world.admin.post("/api/users", {**person, "role": "shop_staff", "shopIds": [world.ids["shop"]]})
    return str(made["id"])


async def _member(world: World) -> str:
    """Somebody who works in the shop, as the shop has it."""
    person = {"email": f"{secrets.token_hex(5)}@{world.mark}.example", "password": PASSWORD, "name": world.mark}
    path = f"/api/shops/{world.ids['shop']}/staff"
    return str((await world.admin.post(path, {**person, "role": "shop_staff"}))["userId"])


async def _notification(world: World) -> str:
    """A message to the customer: there is one about every paid order."""
    await world.id_of("paid_order")
    found = await until(lambda: world.customer.get("/api/notifications"), lambda page: page["items"])
    return str(found["items"][0]["id"])


def eur(amount: int) -> dict[str, Any]:
    """Euros, in cents."""
    return {"amount": amount, "currency": "EUR"}


async def sale(world: World) -> dict[str, Any]:
    """A till sale of one piece."""
    return {
        "clientSaleId": secrets.token_hex(8),
        "shopId": world.ids["shop"],
        "items": [{"productId": await world.id_of("product"), "quantity": 1}],
        "tenders": [{"method": "cash", "amount": eur(1000)}],
        "soldAt": "2026-01-05T10:00:00Z",
    }


MAKERS: dict[str, Maker] = {
    "category": _category,
    "customer_record": _record,
    "debt": _debt,
    "fulfilled_order": _fulfilled_order,
    "member": _member,
    "notification": _notification,
    "order": _order,
    "order_of_others": _order_of_others,
    "order_of_other_shop": _order_of_other_shop,
    "paid_order": _paid_order,
    "payment": _payment,
    "payment_of_others": _payment_of_others,
    "product": _product,
    "sale": _sale,
    "shop_order": _shop_order,
    "sku": _sku,
    "user": _user,
    "warehouse_spare": _warehouse_spare,
}
