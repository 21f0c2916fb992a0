"""Setting sales aside at tills, and going on with them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.clock import Clock
from common.context import current
from common.errors import NotFound
from common.identity.principal import Principal
from common.money import Money
from common.pagination import Page, PageRequest
from common.web.etag import again_when_overtaken
from services.sales.domain import lines
from services.sales.domain.held import HeldItem, HeldSale
from services.sales.domain.lines import Line, Sellable, Wanted
from services.sales.domain.record import Actor
from services.sales.service.copies import Copies
from services.sales.service.customers import CustomerService
from services.sales.store.held import HeldSales


@dataclass(frozen=True, slots=True)
class Aside:
    """What a till wants to set aside."""

    held_sale_id: str
    shop_id: str
    name: str | None
    items: Sequence[Wanted]
    customer_id: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Recalled:
    """A held sale with what its lines cost now, None where they are no longer known."""

    held: HeldSale
    prices: list[Money | None]


class HeldService:
    """Held sales of the caller's shops."""

    def __init__(self, held: HeldSales, copies: Copies, customers: CustomerService, clock: Clock) -> None:
        self._held = held
        self._copies = copies
        self._customers = customers
        self._clock = clock

    async def hold(self, who: Principal, aside: Aside) -> Recalled:
        """Set aside; the same id again answers what is stored. Raises NotFound, Forbidden, Invalid."""
        who.require_shop(aside.shop_id)
        await self._copies.shop(who.tenant, aside.shop_id, must_be_open=False)
        if any(item.discount is not None for item in aside.items):
            who.require("orders.discount")
        if any(item.unit_price is not None for item in aside.items):
            who.require("orders.override_price")
        if aside.customer_id is not None:
            await self._customers.buyer(who.tenant, aside.customer_id)
        company = await self._copies.company(who.tenant)
        products = await self._copies.products(who.tenant, {want.product_id for want in aside.items})
        priced = lines.price(aside.held_sale_id, aside.items, products, company.tariff, only_active=False)
        items = [_item(line, want, products) for line, want in zip(priced.lines, aside.items, strict=True)]
        held = HeldSale.hold(
            aside.held_sale_id,
            who.tenant,
            aside.shop_id,
            items,
            priced,
            name=aside.name,
            customer_id=aside.customer_id,
            note=aside.note,
            now=self._clock.now(),
            by=Actor.read(current().actor),
        )
        stored = await self._held.for_company(who.tenant).add(held)
        return Recalled(stored, [item.listed_price for item in stored.items])

    async def browse(self, who: Principal, shop_id: str | None, page: PageRequest) -> Page[HeldSale]:
        """What waits in the caller's shops. Raises NotFound for a shop that is not one of them."""
        criteria: dict[str, Any] = {"status": "held", "expiresAt": {"$gt": self._clock.now()}}
        if shop_id is not None:
            who.require_shop(shop_id)
            criteria["shopId"] = shop_id
        elif who.is_limited_to_shops:
            criteria["shopId"] = {"$in": list(who.shop_ids)}
        return await self._held.for_company(who.tenant).page(criteria, page)

    async def read(self, who: Principal, held_sale_id: str) -> Recalled:
        """One, with today's prices. Raises NotFound."""
        held = await self._own(who, held_sale_id)
        held.require_shown(self._clock.now())
        return await self._with_prices(who, held)

    async def recall(self, who: Principal, held_sale_id: str) -> Recalled:
        """Go on with it: the first till gets it. Raises NotFound, Conflict ``already_recalled``."""
        by = Actor.read(current().actor)
        return await self._with_prices(
            who, await self._change(who, held_sale_id, lambda held: held.recall(now=self._clock.now(), by=by))
        )

    async def discard(self, who: Principal, held_sale_id: str) -> None:
        """Give it up. Raises NotFound, Conflict ``already_recalled``."""
        await self._change(who, held_sale_id, lambda held: held.discard(now=self._clock.now()))

    async def _change(self, who: Principal, held_sale_id: str, move: Callable[[HeldSale], None]) -> HeldSale:
        async def change() -> HeldSale:
            held = await self._own(who, held_sale_id)
            move(held)
            return await self._held.for_company(who.tenant).save(held)

        return await again_when_overtaken(change)

    async def _own(self, who: Principal, held_sale_id: str) -> HeldSale:
        held = await self._held.for_company(who.tenant).get(held_sale_id)
        who.require_shop(held.shop_id, "held sale")
        return held

    async def _with_prices(self, who: Principal, held: HeldSale) -> Recalled:
        products = await self._copies.products_here(who.tenant, {item.product_id for item in held.items})
        return Recalled(held, [_price_of(item, products) for item in held.items])


def _item(line: Line, want: Wanted, products: Mapping[str, Sellable]) -> HeldItem:
    _, listed = products[want.product_id].choose(want.variant_id, "items")
    return HeldItem(
        product_id=line.product_id,
        variant_id=line.variant_id,
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        listed_price=listed,
        unit_price=want.unit_price,
        discount=want.discount,
    )


def _price_of(item: HeldItem, products: Mapping[str, Sellable]) -> Money | None:
    product = products.get(item.product_id)
    try:
        return product.choose(item.variant_id, "items")[1] if product else None
    except NotFound:
        return None  # the variant was taken out of the product
