"""What a buyer leaves: carts, orders, payments, kept cards, and the messages about them."""

import secrets
from typing import Any

from dev.walk.world import ADDRESS, Maker, World, until


async def _cart_line(world: World) -> str:
    line = {"productId": await world.id_of("product"), "quantity": 1}
    cart = await world.customer.post("/api/cart/items", line)
    world.made.add(cart["items"][0]["id"])
    return str(cart["items"][0]["id"])


async def _cart(world: World) -> str:
    await world.id_of("cart_line")
    return str((await world.customer.get("/api/cart"))["id"])


async def _saved_cart(world: World) -> str:
    await _cart_line(world)
    return str((await world.customer.post("/api/cart/saved", {"name": world.text()}))["id"])


async def _ordered(world: World, api: Any, **more: Any) -> dict[str, Any]:
    """An order that inventory has reserved."""
    body = {"items": [{"productId": await world.id_of("product"), "quantity": 2}], "shippingAddress": ADDRESS, **more}
    order = await api.post("/api/orders", body)
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
    order = await world.admin.post(f"/api/orders/{order_id}/fulfilments", {})
    world.ids["fulfilment"] = str(order["fulfilments"][0]["id"])
    return order_id


async def _fulfilment(world: World) -> str:
    await world.id_of("fulfilled_order")
    return world.ids["fulfilment"]


async def _payment(world: World) -> str:
    order_id = await world.id_of("paid_order")
    found = await until(
        lambda: world.admin.get("/api/payments", orderId=order_id),
        lambda page: [item for item in page["items"] if item["status"] == "succeeded"],
    )
    return str(found["items"][0]["id"])


async def _paid_in_cash(world: World, order: str) -> str:
    body = {"orderId": await world.id_of(order), "method": "cash"}
    return str((await world.admin.post("/api/payments/process", body))["id"])


async def _payment_of_others(world: World) -> str:
    return await _paid_in_cash(world, "order_of_others")


async def _payment_of_other_shop(world: World) -> str:
    return await _paid_in_cash(world, "order_of_other_shop")


async def _kept_method(world: World) -> str:
    return str((await world.customer.post("/api/payments/methods", {"paymentMethodToken": "pm_card_visa"}))["id"])


async def _payment_account(world: World) -> str:
    """PayPal's, so that cards go on through the suite's own account; one at a time is active."""
    for account in (await world.admin.get("/api/payments/accounts"))["items"]:
        if account["status"] == "active":
            await world.admin.patch(f"/api/payments/accounts/{account['id']}", {"status": "disabled"})
    keys = {"clientId": f"walking-{secrets.token_hex(4)}", "clientSecret": secrets.token_hex(8)}
    made = await world.admin.post("/api/payments/accounts", {"provider": "paypal", "name": world.text(), **keys})
    return str(made["id"])


async def _notification_about(world: World, api: Any, order: str) -> str:
    order_id = await world.id_of(order)
    found = await until(lambda: api.get("/api/notifications", referenceId=order_id), lambda page: page["items"])
    return str(found["items"][0]["id"])


async def _notification(world: World) -> str:
    """A message to the customer: there is one about every paid order."""
    return await _notification_about(world, world.customer, "paid_order")


async def _notification_of_others(world: World) -> str:
    await world.id_of("payment_of_others")
    return await _notification_about(world, world.other_customer, "order_of_others")


async def _suppression(world: World) -> str:
    """An address that bounced."""
    address = f"bounce-{secrets.token_hex(5)}@{world.mark}.example"
    await world.admin.post("/api/notifications/test", {"channel": "email", "to": address})
    found = await until(
        lambda: world.admin.get("/api/notifications/suppressions", address=address), lambda page: page["items"]
    )
    return str(found["items"][0]["id"])


MAKERS: dict[str, Maker] = {
    "cart": _cart,
    "cart_line": _cart_line,
    "fulfilled_order": _fulfilled_order,
    "fulfilment": _fulfilment,
    "kept_method": _kept_method,
    "notification": _notification,
    "notification_of_others": _notification_of_others,
    "order": _order,
    "order_of_other_shop": _order_of_other_shop,
    "order_of_others": _order_of_others,
    "paid_order": _paid_order,
    "payment": _payment,
    "payment_account": _payment_account,
    "payment_of_other_shop": _payment_of_other_shop,
    "payment_of_others": _payment_of_others,
    "saved_cart": _saved_cart,
    "shop_order": _shop_order,
    "suppression": _suppression,
}
