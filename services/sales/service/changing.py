"""Reading and changing orders after they were placed."""

from collections.abc import Callable, Sequence
from typing import Any

from common.clock import Clock
from common.context import current
from common.errors import Forbidden, NotFound, VersionConflict
from common.identity.principal import Principal
from common.pagination import Page, PageRequest
from common.web.etag import check_version
from services.sales.domain.order import Order
from services.sales.domain.record import Actor, FulfilledItem
from services.sales.service.access import Access
from services.sales.service.endings import Endings
from services.sales.store import Instruments, Orders

CAS_TRIES = 8


class OrderService:
    """What customers, guests and staff do with an order that exists."""

    def __init__(
        self, orders: Orders, access: Access, instruments: Instruments, endings: Endings, clock: Clock
    ) -> None:
        self._orders = orders
        self._access = access
        self._instruments = instruments
        self._endings = endings
        self._clock = clock

    async def read(self, who: Principal, order_id: str, token: str | None) -> Order:
        """One order. Raises NotFound for somebody else's."""
        return await self._access.order(who, order_id, token)

    async def browse(self, who: Principal, criteria: dict[str, Any], page: PageRequest) -> Page[Order]:
        """Orders that the caller may see, narrowed by ``criteria``."""
        if (shop_id := criteria.get("shopId")) is not None:
            who.require_shop(shop_id)
        allowed = await self._access.criteria(who)
        combined = {"$and": [allowed, criteria]} if allowed and criteria else allowed or criteria
        return await self._orders.for_company(who.tenant).page(combined, page)

    async def cancel(self, who: Principal, order_id: str, token: str | None, note: str | None) -> Order:
        """Call an order off; again: the same answer. Raises Conflict ``return_required``, InvalidTransition."""
        is_staff = who.is_staff and who.may("orders.write")

        def change(order: Order, by: Actor) -> bool:
            reason = "staff" if is_staff else "customer"
            return order.cancel(reason=reason, note=note, now=self._clock.now(), by=by)  # type: ignore[arg-type]

        return await self._change(who, order_id, change, token)

    async def edit(
        self, who: Principal, order_id: str, token: str | None, changes: dict[str, Any], if_match: str | None
    ) -> Order:
        """Change address or note before fulfilment. Raises VersionConflict, InvalidTransition."""

        def change(order: Order, by: Actor) -> bool:
            check_version(if_match, order.version)
            if changes:
                order.edit(changes, now=self._clock.now(), by=by)
            return bool(changes)

        return await self._change(who, order_id, change, token)

    async def advance(self, who: Principal, order_id: str, to: str) -> Order:
        """Move to processing or completed. Raises InvalidTransition."""

        def change(order: Order, by: Actor) -> bool:
            order.advance(to, now=self._clock.now(), by=by)
            return True

        return await self._change(who, order_id, change)

    async def fulfil(
        self,
        who: Principal,
        order_id: str,
        parcel_id: str,
        items: Sequence[FulfilledItem] | None,
        tracking: str | None,
    ) -> Order:
        """Hand over lines. Raises Conflict ``quantity_exceeds_open``, InvalidTransition."""

        def change(order: Order, by: Actor) -> bool:
            if any(parcel.id == parcel_id for parcel in order.fulfilments):
                return False  # this very request ran before, up to its commit
            order.fulfil(parcel_id, items, tracking, now=self._clock.now(), by=by)
            return True

        return await self._change(who, order_id, change)

    async def deliver(self, who: Principal, order_id: str) -> Order:
        """Everything arrived. Raises InvalidTransition."""

        def change(order: Order, by: Actor) -> bool:
            order.deliver(now=self._clock.now(), by=by)
            return True

        return await self._change(who, order_id, change)

    async def tell(self, company_id: str, order_id: str) -> Order:
        """One order for another service. Raises NotFound."""
        return await self._orders.for_company(company_id).get(order_id)

    async def instrument(self, who: Principal, order_id: str) -> str:
        """The payment-method token of an order. Raises NotFound, Forbidden for all but the payment service."""
        if who.id != "payment":
            raise Forbidden("permission_denied", "Only the payment service may ask this.")
        token = await self._instruments.open(who.tenant, order_id)
        if token is None:
            raise NotFound("payment instrument")
        return token

    async def _change(
        self,
        who: Principal,
        order_id: str,
        change: Callable[[Order, Actor], bool],
        token: str | None = None,
    ) -> Order:
        """Load, decide, save; again when the saga was faster. ``change`` answers whether to save."""
        by = Actor.read(current().actor)
        for attempt in range(CAS_TRIES):
            order = await self._access.order(who, order_id, token)
            if not change(order, by):
                return order
            try:
                await self._orders.for_company(who.tenant).save(order)
            except VersionConflict:
                if attempt == CAS_TRIES - 1:
                    raise
                continue
            self._endings.announce(order_id)
            return order
        raise VersionConflict()
