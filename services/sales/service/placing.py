"""Placing an order: who buys, what it costs, and the one write that starts the saga."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from common.card_numbers import holds_card_number
from common.clock import Clock
from common.context import current
from common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from common.events.parts import PostalAddress
from common.identity.principal import Principal
from common.money import Money
from services.sales.clients import Neighbours
from services.sales.domain import lines
from services.sales.domain.lines import Priced, Wanted
from services.sales.domain.order import Order, Placing
from services.sales.domain.record import FROM_A_SHOP, Actor, Capture, Channel, FulfilmentMethod, Method
from services.sales.service.access import hash_of
from services.sales.service.copies import CompanyFacts, Copies
from services.sales.service.customers import CustomerService
from services.sales.service.endings import Endings
from services.sales.store import Instruments, NumberSeries, Orders

FIRST_NUMBER = 1_000_000
PROVIDER_METHODS: tuple[Method, ...] = ("card", "paypal")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller sent."""

    items: Sequence[Wanted] | None
    customer_id: str | None
    email: str | None
    shop_id: str | None
    cart_id: str | None
    fulfilment_method: FulfilmentMethod
    shipping_address: PostalAddress | None
    billing_address: PostalAddress | None
    method: Method | None
    payment_token: SecretStr | None
    capture: Capture
    discount: Money | None
    expected_total: Money | None
    coupon_code: str | None
    placed_at: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Placed:
    """The order, and the token by which a guest reads it: shown once, kept as a hash."""

    order: Order
    token: str | None


@dataclass(frozen=True, slots=True)
class _Buyer:
    channel: Channel
    customer_id: str | None
    email: str | None
    name: str | None = None
    placed_by: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Cart:
    cart_id: str | None
    key: str | None
    wanted: Sequence[Wanted]


class PlacingService:
    """Accepts orders from customers, guests and staff."""

    def __init__(
        self,
        orders: Orders,
        customers: CustomerService,
        copies: Copies,
        neighbours: Neighbours,
        numbers: NumberSeries,
        instruments: Instruments,
        endings: Endings,
        clock: Clock,
        token_key: SecretStr,
    ) -> None:
        self._orders = orders
        self._customers = customers
        self._copies = copies
        self._neighbours = neighbours
        self._numbers = numbers
        self._instruments = instruments
        self._endings = endings
        self._clock = clock
        self._token_key = hashlib.sha256(b"order token " + token_key.get_secret_value().encode()).digest()

    async def place(self, who: Principal, asked: Asked, order_id: str, wait_seconds: int = 0) -> Placed:
        """Accept an order; with ``wait_seconds`` answer when it has ended, at the latest after that time.

        Raises Forbidden for what the caller may not ask, Invalid, NotFound, Conflict ``order_total_changed``,
        ``cart_used``, ``product_unavailable``. A repeated run under the same id answers what is stored.
        """
        self._check_permissions(who, asked)
        orders = self._orders.for_company(who.tenant)
        token = self._token(order_id) if _is_guest(who) else None
        try:
            order = await orders.place(await self._prepare(who, asked, order_id, token))
        except DomainError:
            stored = await orders.find(order_id)
            if stored is None:
                raise
            order = stored  # an earlier run got through; what it took (its cart) refuses the second one
        if wait_seconds:
            order = await self._wait(order, wait_seconds)
        return Placed(order, token)

    async def _prepare(self, who: Principal, asked: Asked, order_id: str, token: str | None) -> Order:
        company = await self._copies.company(who.tenant)
        buyer = replace(await self._buyer(who, asked, company), placed_by=_placed_by(who))
        asked = replace(asked, shop_id=await self._shop(who, asked))
        cart = await self._cart(who, asked, buyer)
        priced = await self._price(who.tenant, order_id, cart.wanted, company, asked)
        return await self._make(who.tenant, asked, order_id, buyer, cart, priced, company, token)

    def _check_permissions(self, who: Principal, asked: Asked) -> None:
        if asked.placed_at is not None:
            who.require("orders.backdate")
            if asked.placed_at > self._clock.now():
                raise _refused("placedAt", "must not be in the future")
        if any(item.unit_price is not None for item in asked.items or ()):
            who.require("orders.override_price")
        if asked.discount is not None or any(item.discount is not None for item in asked.items or ()):
            who.require("orders.discount")
        if asked.method == "cash":
            who.require("payments.process")
        if asked.payment_token is not None and asked.method not in PROVIDER_METHODS:
            raise _refused("payment.paymentMethodToken", "goes with card or paypal only")
        if asked.capture == "manual" and asked.method not in PROVIDER_METHODS:
            raise _refused("payment.capture", "goes with card or paypal only")
        if asked.payment_token is not None and holds_card_number(asked.payment_token.get_secret_value()):
            fields = [("payment.paymentMethodToken", "holds a card number")]
            raise Invalid("card_number_refused", "Send the provider's token, never a card number.", fields)
        if asked.coupon_code is not None:
            raise Invalid("coupon_invalid", "There is no such coupon.", [("couponCode", "is not known")])

    async def _buyer(self, who: Principal, asked: Asked, company: CompanyFacts) -> _Buyer:
        email = asked.email.lower() if asked.email else None
        if _is_staff(who):
            if asked.customer_id is None:
                buyer = _Buyer("staff", None, email)
            else:
                named = await self._customers.buyer(who.tenant, asked.customer_id)
                buyer = _Buyer("staff", named.id, email or named.email, named.name)
        elif _is_guest(who):
            if asked.customer_id is not None:
                raise Forbidden("permission_denied", "Only staff order for a customer.")
            buyer = _guest(asked, email, company)
        else:
            own = await self._customers.record_of(who)
            own.require_open()
            if asked.customer_id not in (None, own.id):
                raise Forbidden("permission_denied", "Only staff order for another customer.")
            buyer = _Buyer("web", own.id, email or own.email or (who.email.lower() if who.email else None), own.name)
        if asked.method == "on_account" and buyer.customer_id is None:
            raise Invalid("customer_required", "On account needs a customer.", [("customerId", "is required")])
        return buyer

    async def _shop(self, who: Principal, asked: Asked) -> str | None:
        """The shop that sells; whoever works in one shop only need not name it."""
        shop_id = asked.shop_id
        if shop_id is None and who.is_limited_to_shops:
            if len(who.shop_ids) != 1:
                raise Invalid("shop_required", "Name the shop that sells.", [("shopId", "is required")])
            shop_id = who.shop_ids[0]
        if shop_id is None and asked.fulfilment_method in FROM_A_SHOP:
            raise Invalid("shop_required", "Name the shop that hands the goods over.", [("shopId", "is required")])
        if shop_id is None:
            return None
        if who.is_staff:
            who.require_shop(shop_id)
        await self._copies.shop(who.tenant, shop_id)
        return shop_id

    async def _cart(self, who: Principal, asked: Asked, buyer: _Buyer) -> _Cart:
        if asked.cart_id is None:
            if not asked.items:
                raise _refused("items", "is required unless cartId is sent")
            return _Cart(None, None, asked.items)
        cart = await self._neighbours.cart(who.tenant, asked.cart_id)
        if cart is not None and buyer.channel == "web" and not _holds(who, buyer, cart):
            raise NotFound("cart")
        key = hash_of(asked.cart_id)
        if cart is None or not (cart["items"] or asked.items):
            if await self._orders.for_company(who.tenant).was_made_of(asked.cart_id, key):
                raise Conflict("cart_used", "This cart was ordered already.")
            if cart is None:
                raise NotFound("cart")
            raise Invalid("cart_empty", "There is nothing in this cart.", [("cartId", "is empty")])
        in_cart = [Wanted(item["productId"], item.get("variantId"), int(item["quantity"])) for item in cart["items"]]
        return _Cart(str(cart["id"]), key, asked.items or in_cart)

    async def _price(
        self, company_id: str, order_id: str, wanted: Sequence[Wanted], company: CompanyFacts, asked: Asked
    ) -> Priced:
        products = await self._copies.products(company_id, {want.product_id for want in wanted})
        priced = lines.price(order_id, wanted, products, company.tariff, discount=asked.discount)
        total = priced.totals.grand_total
        if asked.expected_total is not None and asked.expected_total != total:
            raise Conflict("order_total_changed", "The total is another one now.", currentTotal=total.model_dump())
        return priced

    async def _make(
        self,
        company_id: str,
        asked: Asked,
        order_id: str,
        buyer: _Buyer,
        cart: _Cart,
        priced: Priced,
        company: CompanyFacts,
        token: str | None,
    ) -> Order:
        [number] = await self._numbers.take(company_id, "orders")
        placing = Placing(
            order_id=order_id,
            company_id=company_id,
            number=f"SO-{FIRST_NUMBER + number}",
            channel=buyer.channel,
            customer_id=buyer.customer_id,
            email=buyer.email,
            customer_name=buyer.name or (asked.shipping_address.name if asked.shipping_address else None),
            shop_id=asked.shop_id,
            cart_id=cart.cart_id,
            cart_key=cart.key,
            method=asked.method,
            has_payment_token=asked.payment_token is not None,
            capture=asked.capture,
            fulfilment_method=asked.fulfilment_method,
            shipping_address=asked.shipping_address,
            billing_address=asked.billing_address,
            note=asked.note,
            token_hash=hash_of(token) if token else None,
            placed_at=asked.placed_at,
            deadline_seconds=company.settings.payment_deadline_seconds,
        )
        order = Order.place(placing, priced, now=self._clock.now(), by=Actor.read(current().actor))
        if asked.payment_token is not None and order.deadline_at is not None:
            secret = asked.payment_token.get_secret_value()
            await self._instruments.keep(company_id, order_id, secret, order.deadline_at, buyer.placed_by)
        return order

    async def _wait(self, order: Order, seconds: int) -> Order:
        orders = self._orders.for_company(order.company_id)

        async def has_ended() -> bool:
            return await orders.status_of(order.id) not in ("pending", "on_hold")

        await self._endings.wait(order.id, seconds, has_ended)
        return await orders.get(order.id)

    def _token(self, order_id: str) -> str:
        """Derived, so that a repeated run under the same id shows the same one."""
        return hmac.new(self._token_key, order_id.encode(), hashlib.sha256).hexdigest()


def _holds(who: Principal, buyer: _Buyer, cart: dict[str, Any]) -> bool:
    """Whether a cart is the buyer's own; one without an owner belongs to whoever names it."""
    return cart.get("ownerId") in (None, who.id) and cart.get("customerId") in (None, buyer.customer_id)


def _placed_by(who: Principal) -> dict[str, str | None]:
    kind = "staff" if who.is_staff else "visitor" if who.is_visitor else "customer"
    return {"kind": kind, "id": who.id, "address": current().client_ip}


def _is_staff(who: Principal) -> bool:
    return who.is_staff and who.may("orders.create")


def _is_guest(who: Principal) -> bool:
    return not _is_staff(who) and who.kind != "user"


def _guest(asked: Asked, email: str | None, company: CompanyFacts) -> _Buyer:
    if not company.settings.guest_checkout:
        raise Forbidden("guest_checkout_disabled", "This shop sells to signed-in customers only.")
    needed: dict[str, object] = {"email": email}
    if asked.fulfilment_method == "ship":
        needed["shippingAddress"] = asked.shipping_address
    missing = [(name, "is required of guests") for name, value in needed.items() if value is None]
    if missing:
        raise Invalid("invalid_body", "Some fields are missing.", missing)
    return _Buyer("web", None, email)


def _refused(field: str, message: str) -> Invalid:
    return Invalid("invalid_body", "Some fields are refused.", [(field, message)])
