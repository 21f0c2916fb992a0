"""Reading and changing orders after they were placed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from common.clock import Clock
from common.context import current
from common.errors import Forbidden, NotFound, VersionConflict
from common.identity.principal import Principal
from common.money import exponent
from common.pagination import Page, PageRequest
from common.web.etag import check_version
from services.sales.domain.order import Order, Parcel
from services.sales.domain.record import Actor
from services.sales.service.access import Access
from services.sales.service.copies import Copies
from services.sales.service.endings import Endings
from services.sales.service.filters import Filters
from services.sales.store import Instruments, Orders

CAS_TRIES = 8
HIGH_VALUE = 1000
"""From how many whole units of the currency an order counts as high in value, unless the caller says."""


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

    async def read(self, who: Principal, order_id: str, token: str | None = None, needs: str = "orders.read") -> Order:
        """One order. Raises NotFound for somebody else's."""
        return await self._access.order(who, order_id, token, needs)

    async def browse(self, who: Principal, criteria: dict[str, Any], page: PageRequest) -> Page[Order]:
        """Orders that the caller may see, narrowed by ``criteria``."""
        if (shop_id := criteria.get("shopId")) is not None:
            who.require_shop(shop_id)
        allowed = await self._access.criteria(who)
        combined = {"$and": [allowed, criteria]} if allowed and criteria else allowed or criteria
        return await self._orders.for_company(who.tenant).page(combined, page)

    async def browse_high_value(
        self, who: Principal, filters: Filters, page: PageRequest, copies: Copies
    ) -> Page[Order]:
        """Orders of much money, cancelled ones apart; 1,000 of the company's currency where no least is named."""
        if filters.min_total is None:
            currency = (await copies.company(who.tenant)).currency
            filters = replace(filters, min_total=HIGH_VALUE * 10 ** exponent(currency))
        criteria = await filters.criteria(who.tenant, copies)
        criteria.setdefault("status", {"$ne": "cancelled"})
        return await self.browse(who, criteria, page)

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
        """Change addresses or note before fulfilment. Raises VersionConflict, InvalidTransition."""

        def change(order: Order, by: Actor) -> bool:
            check_version(if_match, order.version)
            if changes:
                order.edit(changes, now=self._clock.now(), by=by)
            return bool(changes)

        return await self._change(who, order_id, change, token)

    async def advance(self, who: Principal, order_id: str, to: str, request_id: str) -> Order:
        """Move to processing or completed. Raises InvalidTransition."""
        return await self._move(who, order_id, request_id, lambda order, now, by: order.advance(to, now=now, by=by))

    async def hold(self, who: Principal, order_id: str, note: str | None, request_id: str) -> Order:
        """Set aside for a look. Raises InvalidTransition."""
        return await self._move(who, order_id, request_id, lambda order, now, by: order.hold(note=note, now=now, by=by))

    async def release(self, who: Principal, order_id: str, request_id: str) -> Order:
        """Let a held order go on. Raises InvalidTransition."""
        return await self._move(who, order_id, request_id, lambda order, now, by: order.release(now=now, by=by))

    async def resume(self, who: Principal, order_id: str, reason: str, request_id: str) -> Order:
        """End it if it is overdue, whatever became of the sweeper, and keep why an operator stepped in."""
        return await self._move(
            who,
            order_id,
            request_id,
            lambda order, now, by: order.resume(reason=reason, now=now),
            needs="platform.manage",
        )

    async def fulfil(self, who: Principal, order_id: str, parcel: Parcel) -> Order:
        """Hand a parcel over. Raises Conflict ``quantity_exceeds_open``, Invalid, InvalidTransition."""

        def change(order: Order, by: Actor) -> bool:
            if any(known.id == parcel.parcel_id for known in order.fulfilments):
                return False  # this very request ran before, up to its commit
            order.fulfil(parcel, now=self._clock.now(), by=by)
            return True

        return await self._change(who, order_id, change, needs="orders.fulfil")

    async def track(self, who: Principal, order_id: str, parcel_id: str, tracking: str | None) -> Order:
        """Note or change where a parcel is followed. Raises NotFound."""

        def change(order: Order, by: Actor) -> bool:
            return order.track(parcel_id, tracking, now=self._clock.now(), by=by)

        return await self._change(who, order_id, change, needs="orders.fulfil")

    async def deliver(self, who: Principal, order_id: str, request_id: str) -> Order:
        """Everything arrived. Raises InvalidTransition."""

        def arrive(order: Order, now: datetime, by: Actor) -> None:
            order.deliver(now=now, by=by)

        return await self._move(who, order_id, request_id, arrive, needs="orders.fulfil")

    async def tell(self, company_id: str, order_id: str) -> Order:
        """One order for another service. Raises NotFound."""
        return await self._orders.for_company(company_id).get(order_id)

    async def instrument(self, who: Principal, order_id: str) -> tuple[str, dict[str, Any] | None]:
        """The payment-method token of an order, and who placed it from where, if that is known.

        Raises NotFound, Forbidden for all but the payment service.
        """
        if who.id != "payment":
            raise Forbidden("permission_denied", "Only the payment service may ask this.")
        kept = await self._instruments.open(who.tenant, order_id)
        if kept is None:
            raise NotFound("payment instrument")
        return kept

    async def _move(
        self,
        who: Principal,
        order_id: str,
        request_id: str,
        move: Callable[[Order, datetime, Actor], None],
        needs: str = "orders.write",
    ) -> Order:
        """A move by staff. The same request again, after a crash in the middle, answers what it did before."""

        def change(order: Order, by: Actor) -> bool:
            if not order.remember(request_id):
                return False
            move(order, self._clock.now(), by)
            return True

        return await self._change(who, order_id, change, needs=needs)

    async def _change(
        self,
        who: Principal,
        order_id: str,
        change: Callable[[Order, Actor], bool],
        token: str | None = None,
        needs: str = "orders.write",
    ) -> Order:
        """Load, decide, save; again when the saga was faster. ``change`` answers whether to save."""
        by = Actor.read(current().actor)
        for attempt in range(CAS_TRIES):
            order = await self._access.order(who, order_id, token, needs)
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
