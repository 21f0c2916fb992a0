"""A property of everything that changes stock: the books always agree with themselves."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.clock import SystemClock
from common.context import CallContext
from common.errors import ComeBackLater, Conflict, InvalidTransition, VersionConflict
from common.events import EventData, seal, unseal
from common.events.orders import OrderCreated
from common.identity.permissions import permissions_of
from common.identity.principal import Principal
from common.ids import new_id
from common.testing import Harness
from services.inventory.domain.derived import default_warehouse_id
from services.inventory.service import InventoryService
from services.inventory.service.adjusting import Adjustment
from tests.inventory.conftest import Company

pytestmark = pytest.mark.asyncio(loop_scope="module")

SKUS = ("A", "B")
LINES = st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 4)), min_size=1, max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("adjust"), st.sampled_from(SKUS), st.integers(-4, 8).filter(bool)),
        st.tuples(st.just("order"), LINES, st.integers(1, 2)),
        st.tuples(st.sampled_from(("confirm", "cancel")), st.integers(0, 9), st.integers(1, 2)),
        st.tuples(st.just("sell"), LINES, st.integers(1, 2)),
    ),
    max_size=12,
)


@dataclass
class World:
    """One company, driven through the use cases; ``times`` runs a step several times at once."""

    harness: Harness
    company: Company
    orders: list[OrderCreated] = field(default_factory=list)

    @property
    def service(self) -> InventoryService:
        """The running service's use cases."""
        found: InventoryService = self.harness.service
        return found

    async def take(self, step: tuple[Any, ...]) -> None:
        """Do one step; refusals that the rules allow are part of the game."""
        kind, what, count = step
        if kind == "adjust":
            await self._adjust(what, count)
        elif kind == "order":
            self.orders.append(self.company.created(*what))
            event = self.envelope(self.orders[-1])
            await _at_once(count, lambda: self.service.reserving.reserve(self.company.id, event))
        elif kind == "sell":
            sale = self.envelope(self.company.sale(*what))
            await _at_once(count, lambda: self.service.taking.sell(self.company.id, sale))
        elif self.orders:
            order_id = self.orders[what % len(self.orders)].order_id
            taking = self.service.taking
            if kind == "confirm":
                await _at_once(count, lambda: taking.confirm(self.company.id, order_id))
            else:
                await _at_once(count, lambda: taking.cancel(self.company.id, order_id, None))

    async def _adjust(self, sku: str, delta: int) -> None:
        who = Principal("user", "usr_1", "company_admin", permissions_of("company_admin"), tenant_id=self.company.id)
        place = default_warehouse_id(self.company.shop_id)
        wanted = Adjustment(new_id("mov"), place, sku, delta, "correction", None)
        try:
            await self.service.adjusting.adjust(who, wanted)
        except Conflict as error:
            assert error.code == "insufficient_stock"

    def envelope(self, data: EventData) -> Any:
        """The event as it would be delivered."""
        document = seal(
            data, source="sales", company_id=self.company.id, sequence=1, now=SystemClock().now(), call=CallContext()
        )
        return unseal(document)

    async def check(self, has_sold: bool) -> None:
        """The books: on hand is the sum of the ledger, reserved that of the holds, available not below 0."""
        database = self.harness.runtime.database
        movements = await self.company.movements(sort="createdAt")
        for row in await database["stock"].find({"companyId": self.company.id}).to_list():
            own = [entry for entry in movements if entry["sku"] == row["sku"]]
            assert row["onHand"] == sum(entry["delta"] for entry in own)
            assert row["reserved"] == sum(hold["quantity"] for hold in row["holds"]) >= 0
            assert has_sold or row["onHand"] - row["reserved"] >= 0
            after = [entry["onHandAfter"] for entry in own]
            before = [entry["onHandAfter"] - entry["delta"] for entry in own]
            assert sorted([0, *after]) == sorted([*before, row["onHand"]])  # one chain from nothing to now


async def _at_once(count: int, work: Callable[[], Awaitable[None]]) -> None:
    await asyncio.gather(*(_deliver(work) for _ in range(count)))


async def _deliver(work: Callable[[], Awaitable[None]], *, patiently: bool = False) -> None:
    """As the consumer does: a lost race is run again; what comes too early is left, or tried again."""
    while True:
        try:
            return await work()
        except VersionConflict:
            continue
        except InvalidTransition:
            return None
        except ComeBackLater:
            if not patiently:
                return None
            await asyncio.sleep(0.001)


class TestRace:
    async def test_of_a_hopeless_order_costs_nobody_else_the_sale(self, inventory: Harness) -> None:
        """An order that fails on one SKU holds another for a moment; nobody is refused because of that moment."""
        world = World(inventory, await Company(inventory).open())
        reserve = world.service.reserving.reserve
        for _ in range(10):
            await world.company.stock("A", 1)
            hopeless = [world.company.created(("A", 1), ("GONE", 1)) for _ in range(4)]
            order = world.company.created(("A", 1))
            works = [
                partial(reserve, world.company.id, world.envelope(one)) for one in (*hopeless[:2], order, *hopeless[2:])
            ]
            await asyncio.gather(*map(_deliver, works))
            assert (await world.company.reservation(order.order_id) or {})["status"] == "held"

    async def test_of_an_order_and_its_confirmation_ends_deducted(self, inventory: Harness) -> None:
        """Neither the hold nor the deduction is lost, whichever of two copies is ahead at whichever step."""
        world = World(inventory, await Company(inventory).open())
        await world.company.stock("A", 20)
        taking = world.service.taking
        for _ in range(20):
            order = world.company.created(("A", 1))
            created = world.envelope(order)
            reserve = partial(world.service.reserving.reserve, world.company.id, created)
            confirm = partial(taking.confirm, world.company.id, order.order_id)
            await asyncio.gather(_deliver(reserve), _deliver(confirm, patiently=True))
        row = await world.company.row("A")
        assert (row["onHand"], row["reserved"]) == (0, 0)

    async def test_of_confirmation_and_cancellation_ends_with_everything_back(self, inventory: Harness) -> None:
        """The cancellation wins in the end, whichever was first."""
        world = World(inventory, await Company(inventory).open())
        await world.company.stock("A", 20)
        taking = world.service.taking
        for _ in range(20):
            order = world.company.created(("A", 1))
            await world.service.reserving.reserve(world.company.id, world.envelope(order))
            confirm = partial(taking.confirm, world.company.id, order.order_id)
            cancel = partial(taking.cancel, world.company.id, order.order_id, None)
            await asyncio.gather(_deliver(confirm, patiently=True), _deliver(cancel, patiently=True))
        row = await world.company.row("A")
        assert (row["onHand"], row["reserved"]) == (20, 0)
        await world.check(has_sold=False)


class TestConfirm:
    async def test_of_a_failed_order_raises_and_takes_nothing(self, inventory: Harness) -> None:
        world = World(inventory, await Company(inventory).open())
        order = world.company.created(("A", 1))
        await world.service.reserving.reserve(world.company.id, world.envelope(order))
        with pytest.raises(InvalidTransition):
            await world.service.taking.confirm(world.company.id, order.order_id)
        assert await world.company.movements() == []


class TestLedger:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(steps=STEPS)
    async def test_agrees_with_itself_after_any_steps(self, inventory: Harness, steps: list[tuple[Any, ...]]) -> None:
        world = World(inventory, await Company(inventory).open())
        for step in steps:
            await world.take(step)
        await world.check(has_sold=any(step[0] == "sell" for step in steps))
