"""Returns at tills: with a receipt at the price that was paid, without one by permission."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common.clock import Clock
from common.context import current
from common.errors import Conflict, Invalid, NotFound
from common.identity.principal import Principal
from common.mongo.transactions import Session, transact
from common.pagination import Page, PageRequest
from services.sales.domain import lines
from services.sales.domain.lines import Wanted
from services.sales.domain.record import Actor
from services.sales.domain.returned import Brought
from services.sales.domain.till_return import Counter, Return, check_sum, check_unreceipted, items_of
from services.sales.service.access import Access
from services.sales.service.copies import Copies
from services.sales.store import NumberSeries, Orders
from services.sales.store.returns import Returns

FIRST_NUMBER = 1_000_000


@dataclass(frozen=True, slots=True)
class Handed:
    """What somebody lays on the counter. ``order_id``: the receipt's; ``is_sale``: it must be a till's."""

    counter: Counter
    brought: Sequence[Brought]
    order_id: str | None
    is_sale: bool


class ReturnService:
    """Takes goods back and shows what came back."""

    def __init__(
        self, orders: Orders, returns: Returns, copies: Copies, numbers: NumberSeries, access: Access, clock: Clock
    ) -> None:
        self._orders = orders
        self._returns = returns
        self._copies = copies
        self._numbers = numbers
        self._access = access
        self._clock = clock

    async def take(self, who: Principal, handed: Handed) -> tuple[Return, bool]:
        """A return, and whether it was known: the same ``clientReturnId`` again is the same return.

        Raises NotFound, Forbidden, Invalid and Conflict as the domain's rules, Invalid ``idempotency_key_reused``
        for other content under a known id.
        """
        counter = handed.counter
        who.require_shop(counter.shop_id)
        await self._copies.shop(who.tenant, counter.shop_id, must_be_open=False)
        returns = self._returns.for_company(who.tenant)
        if (known := await returns.of_client(counter.shop_id, counter.client_return_id)) is not None:
            return _same(known, counter), True
        made = await (self._unreceipted(who, handed) if handed.order_id is None else self._receipted(who, handed))
        return _same(made, counter), made.id != counter.return_id

    async def read(self, who: Principal, return_id: str) -> Return:
        """One return. Raises NotFound, also for another shop's."""
        found = await self._returns.for_company(who.tenant).get(return_id)
        who.require_shop(found.shop_id, "return")
        return found

    async def browse(self, who: Principal, criteria: dict[str, Any], page: PageRequest) -> Page[Return]:
        """Returns of the caller's shops. Raises NotFound for a shop that is not one of them."""
        if (shop_id := criteria.get("shopId")) is not None:
            who.require_shop(shop_id)
        elif who.is_limited_to_shops:
            criteria = {**criteria, "shopId": {"$in": list(who.shop_ids)}}
        return await self._returns.for_company(who.tenant).page(criteria, page)

    async def _receipted(self, who: Principal, handed: Handed) -> Return:
        """The order and the return in one transaction: two at once cannot both take the last piece back."""
        assert handed.order_id is not None
        order = await self._access.order(who, handed.order_id, needs="pos.sell")
        if handed.is_sale and order.channel != "pos":
            raise NotFound("sale")
        number = await self._number(who)
        orders, returns = self._orders.for_company(who.tenant), self._returns.for_company(who.tenant)

        async def work(session: Session) -> Return:
            counter = handed.counter
            known = await returns.of_client(counter.shop_id, counter.client_return_id, session)
            return known or await self._take_back(handed, number, orders, returns, session)

        made = await transact(self._returns.ground.client, work)
        returns.offer(made.id, made.sealed)
        return made

    async def _take_back(
        self, handed: Handed, number: str, orders: Orders, returns: Returns, session: Session
    ) -> Return:
        order = await orders.find_one({"_id": handed.order_id}, session)
        if order is None:
            raise NotFound("order")
        counter, now, by = handed.counter, self._clock.now(), Actor.read(current().actor)
        items, due = order.give_back(handed.brought)
        check_sum(counter.tenders, due)
        order.take_back(counter.return_id, items, counter.tenders, now=now, by=by)
        await orders.save(order, session=session)
        made = Return.take(
            counter,
            items,
            due,
            company_id=orders.company_id,
            number=number,
            now=now,
            by=by,
            order_id=order.id,
            order_number=order.number,
            customer_id=order.customer_id,
            fulfilment_status=order.fulfilment_status,
        )
        return await returns.insert(made, session=session)

    async def _unreceipted(self, who: Principal, handed: Handed) -> Return:
        who.require("pos.return_without_receipt")
        counter = handed.counter
        company = await self._copies.company(who.tenant)
        wanted = [_wanted(number, each) for number, each in enumerate(handed.brought)]
        products = await self._copies.products(who.tenant, {want.product_id for want in wanted})
        check_unreceipted(handed.brought, products, counter.tenders)
        priced = lines.price(counter.return_id, wanted, products, company.tariff, only_active=False)
        check_sum(counter.tenders, priced.totals.grand_total)
        made = Return.take(
            counter,
            items_of(priced),
            priced.totals.grand_total,
            company_id=who.tenant,
            number=await self._number(who),
            now=self._clock.now(),
            by=Actor.read(current().actor),
        )
        returns = self._returns.for_company(who.tenant)
        try:
            return await returns.insert(made)
        except Conflict:
            known = await returns.of_client(counter.shop_id, counter.client_return_id)
            if known is None:
                raise
            return known  # another copy took it between our look and our write

    async def _number(self, who: Principal) -> str:
        [number] = await self._numbers.take(who.tenant, "returns")
        return f"TR-{FIRST_NUMBER + number}"


def _same(known: Return, counter: Counter) -> Return:
    if known.fingerprint != counter.fingerprint:
        raise Invalid("idempotency_key_reused", "This clientReturnId belongs to another return.")
    return known


def _wanted(number: int, each: Brought) -> Wanted:
    if each.product_id is None:
        fields = [(f"items.{number}.productId", "is required without a receipt")]
        raise Invalid("invalid_body", "Some fields are missing.", fields)
    return Wanted(each.product_id, each.variant_id, each.quantity, each.unit_price)
