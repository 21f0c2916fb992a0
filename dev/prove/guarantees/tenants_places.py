"""Where one company's things might lie about for another: cursors, kept answers, caches, guests' tokens, sockets."""

import asyncio
import base64
import json
import secrets
from typing import Any

from dev.prove.guarantees.identity_doors import Socket
from dev.prove.guarantees.tenants_field import Field
from dev.trading import Api
from dev.walk.world import ADDRESS, World

MADE_UP: tuple[tuple[Any, ...], ...] = (
    ("-createdAt", "t", "9999-01-01T00:00:00+00:00", "zzz"),
    ("createdAt", "t", "1970-01-01T00:00:00+00:00", ""),
    ("-createdAt", "v", {"$gt": ""}, "zzz"),
    ("-createdAt", "v", "2020", {"$ne": None}),
    ("companyId", "v", "", ""),
)
REFUSED = (400, 401, 403, 404, 409, 422)
CHANNELS = ("orders", "inventory", "dashboard", "alerts")
HEARD_SECONDS = 10.0


async def try_cursors(field: Field) -> None:
    """The other's cursors, and cursors that nobody made."""
    for path in field.lists:
        theirs = (await field.foreign.admin.get(path, limit=1))["nextCursor"]
        for cursor in filter(None, (theirs, *map(_cursor, MADE_UP))):
            await field.attempt(f"a cursor on {path}", "GET", f"{path}?limit=100&cursor={cursor}", field.bearer)


async def try_kept_answers(field: Field) -> None:
    """An Idempotency-Key that the other company has used, with the very same request."""
    product = field.foreign.known("product")
    body = {"items": [{"productId": product, "quantity": 1}], "shippingAddress": ADDRESS, "email": "g@proof.example"}
    for theirs, ours, expected in (
        (field.foreign.admin.identity(), field.bearer, REFUSED),
        (_guest(field.foreign), _guest(field.own), REFUSED),
        (_operator(field.foreign), _operator(field.own), REFUSED),
    ):
        key = {"Idempotency-Key": f"proof-{secrets.token_hex(8)}"}
        first = await field.http.post("/api/orders", json=body, headers={**theirs, **key})
        if first.status_code != 201:
            field.wrong.append(f"the other company's own order: {first.status_code} {first.text[:80]}")
            continue
        field.foreign.made.add(first.json()["id"])
        answer = await field.attempt(
            "the other's Idempotency-Key", "POST", "/api/orders", {**ours, **key}, expected, json=body
        )
        if "idempotent-replayed" in answer.headers:
            field.leaks.append(f"an answer of the other company's was kept for this one: {answer.text[:80]}")


async def try_caches(field: Field) -> None:
    """Storefronts of both companies read in turns, side by side; each shows its own. Tags of the other say nothing."""
    product = field.foreign.known("product")
    theirs = await field.http.get(f"/api/products/{product}", headers={"X-Tenant-ID": field.foreign.mark})
    tag = {"If-None-Match": theirs.headers.get("etag", "*")}
    await field.attempt("the other's tag", "GET", f"/api/products/{product}", {**field.bearer, **tag}, (404,))
    await field.attempt("the other's tag on the list", "GET", "/api/products", {**field.bearer, **tag}, (200,))

    async def visit(number: int) -> None:
        own = number % 2 == 0
        world = field.own if own else field.foreign
        named = {"X-Tenant-ID": world.mark} if number % 4 < 2 else {"Host": f"{world.mark}.localhost"}
        answer = await field.http.get("/api/products", headers=named)
        field.stage.count("storefront reads in turns")
        other = field.foreign if own else field.own
        if answer.status_code != 200 or other.mark in answer.text or world.mark not in answer.text:
            field.leaks.append(f"a storefront showed another's: {answer.status_code} {answer.text[:80]}")
        if "public" in answer.headers.get("cache-control", ""):
            field.leaks.append("a storefront's answer may be kept by anybody for everybody")

    await asyncio.gather(*(visit(number) for number in range(field.stage.pick(40, 400))))


async def try_guests(field: Field) -> None:
    """Tokens of the other company's guests, at this one's storefront."""
    item = {"productId": field.foreign.known("product"), "quantity": 1}
    body = {"items": [item], "shippingAddress": ADDRESS, "email": "g@proof.example"}
    order = (await field.http.post("/api/orders", json=body, headers=_guest(field.foreign))).json()
    cart = await field.http.post("/api/cart/items", json=item, headers=_guest(field.foreign))
    field.foreign.made |= {order["id"], cart.json()["id"]}
    path = f"/api/orders/{order['id']}"
    token = {"X-Order-Token": order["orderToken"]}
    seen = await field.http.get(path, headers={**_guest(field.foreign), **token})
    if seen.status_code != 200:
        field.wrong.append(f"the guest's own order: {seen.status_code}")
    await field.attempt("a guest's order", "GET", path, {**_guest(field.own), **token}, (401, 404))
    cart_token = {"X-Cart-Token": cart.headers["x-cart-token"]}
    await field.attempt("a guest's cart", "GET", "/api/cart", {**_guest(field.own), **cart_token})


async def try_sockets(field: Field) -> None:
    """Channels, orders and cursors of the other company; while it trades, nothing of it is heard."""
    theirs = await _listen(field, field.foreign.admin)
    cursor = (await theirs.until("subscribed"))["cursor"]
    ours = await _listen(field, field.own.admin, f"order:{field.foreign.known('order')}")
    refused = {each["channel"] for each in (await ours.until("subscribed"))["refused"]}
    if refused != {f"order:{field.foreign.known('order')}"}:
        field.leaks.append(f"channels of the other company: only {refused} was refused")
    await _trade(field.foreign)
    await theirs.until("event", HEARD_SECONDS)
    resumed = await _listen(field, field.own.admin, cursor=cursor)
    await _trade(field.own)
    for socket in (ours, resumed):
        await socket.until("event", HEARD_SECONDS)
        field.stage.count("sockets that listened while the other traded")
        heard = [frame for frame in socket.heard if frame["type"] == "event"]
        field.leaks += [f"heard: {json.dumps(frame)[:160]}" for frame in heard if field.shows(json.dumps(frame))]
    await asyncio.gather(*(socket.close() for socket in (theirs, ours, resumed)))


async def _listen(field: Field, api: Api, *channels: str, cursor: str | None = None) -> Socket:
    ticket = (await api.post("/api/realtime/tickets", {}))["ticket"]
    first = {"type": "resume", "cursor": cursor} if cursor else {}
    return await Socket.open(field.suite, ticket, [*CHANNELS, *channels], **first)


async def _trade(world: World) -> None:
    """Something that everybody of the company hears of."""
    await world.id_of("order", fresh=True)


def _cursor(said: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(said)).encode()).decode().rstrip("=")


def _guest(world: World) -> dict[str, str]:
    return {"X-Tenant-ID": world.mark}


def _operator(world: World) -> dict[str, str]:
    return {**world.platform.identity(), "X-Tenant-ID": world.mark}
