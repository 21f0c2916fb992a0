"""Conditional updates, leases and the relay against the real MongoDB."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from common.clock import SystemClock
from common.errors import VersionConflict
from common.events.parts import StockLine
from common.ids import new_id
from common.mongo.store import TenantMissing
from common.testing import Harness
from services.inventory.domain.allocation import Demand
from services.inventory.domain.derived import stock_id
from services.inventory.domain.reservation import Reservation
from services.inventory.domain.stock import StockRow, status_of
from services.inventory.store import Ledger, MovementRelay, Reservations, Stock
from services.inventory.store.expressions import STATUS

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAREHOUSE = "whs_1"


class Place:
    """One company's stores with one SKU in one warehouse."""

    def __init__(self, harness: Harness) -> None:
        self.company_id = new_id("cmp")
        self.stock = Stock(harness.runtime.ground).for_company(self.company_id)
        self.reservations = Reservations(harness.runtime.ground).for_company(self.company_id)
        self.key = stock_id(self.company_id, WAREHOUSE, "A")
        self.line = StockLine(sku="A", warehouse_id=WAREHOUSE, quantity=1)

    async def fill(self, quantity: int) -> None:
        """A row with this much."""
        now = SystemClock().now()
        row = StockRow(
            id=self.key,
            company_id=self.company_id,
            sku="A",
            warehouse_id=WAREHOUSE,
            on_hand=quantity,
            created_at=now,
            updated_at=now,
        )
        await self.stock.ensure([row])

    async def document(self) -> dict[str, Any]:
        """The row as stored."""
        found = await self.stock.collection.find_one({"_id": self.key})
        assert found is not None
        return found

    async def begin(self) -> Reservation:
        """A claimed reservation of one piece."""
        now = SystemClock().now()
        begun = await self.reservations.begin(
            Reservation.begin(
                company_id=self.company_id,
                order_id=new_id("ord"),
                shop_id=None,
                state="reserving",
                demand=[Demand(sku="A", quantity=1)],
                planned=[self.line],
                deadline_at=now,
                now=now,
            )
        )
        assert begun is not None
        return begun

    async def outlive(self, reservation: Reservation) -> Reservation:
        """Let the lease run out, as if its worker had been frozen, by moving it into the past."""
        past = {"$set": {"until": reservation.created_at - timedelta(hours=1), "wakeAt": reservation.created_at}}
        await self.reservations.collection.update_one({"_id": reservation.id}, past)
        return reservation.model_copy(update={"until": reservation.created_at - timedelta(hours=1)})


@pytest_asyncio.fixture(loop_scope="module")
async def place(inventory: Harness) -> Place:
    return Place(inventory)


class TestTake:
    async def test_takes_a_hold_once(self, place: Place) -> None:
        await place.fill(5)
        reservation = await place.begin()
        assert await place.stock.take(reservation, [place.line])
        assert not await place.stock.take(reservation, [place.line])
        row = await place.document()
        assert (row["reserved"], len(row["holds"])) == (1, 1)

    async def test_takes_nothing_beyond_what_is_available(self, place: Place) -> None:
        await place.fill(1)
        first, second = await place.begin(), await place.begin()
        assert await place.stock.take(first, [place.line])
        assert not await place.stock.take(second, [place.line])

    async def test_gives_ten_of_fifty_buyers_on_warm_connections_their_piece_every_round(self, place: Place) -> None:
        await asyncio.gather(*(place.stock.collection.find_one({}) for _ in range(64)))  # warm the pool
        await place.fill(0)
        for _ in range(20):
            await place.stock.collection.update_one(
                {"_id": place.key}, {"$set": {"onHand": 10, "reserved": 0, "holds": []}}
            )
            buyers = await asyncio.gather(*(place.begin() for _ in range(50)))
            taken = await asyncio.gather(*(place.stock.take(buyer, [place.line]) for buyer in buyers))
            row = await place.document()
            assert (sum(taken), row["reserved"], len(row["holds"])) == (10, 10, 10)

    async def test_needs_a_tenant(self, inventory: Harness) -> None:
        with pytest.raises(TenantMissing):
            await Stock(inventory.runtime.ground).rows(["stk_1"])


class TestLease:
    async def test_lets_a_stale_worker_write_nothing(self, place: Place) -> None:
        """A worker woken late neither takes, gives back, deducts nor concludes."""
        await place.fill(5)
        stale = await place.outlive(await place.begin())
        assert not await place.stock.take(stale, [place.line])
        assert (await place.document())["reserved"] == 0

        holder = await place.begin()
        await place.stock.take(holder, [place.line])
        holder.lines = [place.line]
        late = await place.outlive(holder)
        assert not await place.stock.give_back(late, [place.line])
        assert not await place.stock.deduct(late, {place.key: {"_id": new_id("mov"), "delta": -1}})
        row = await place.document()
        assert (row["onHand"], row["reserved"], len(row["movements"])) == (5, 1, 0)
        with pytest.raises(VersionConflict):
            await place.reservations.conclude(late, late.until)

    async def test_is_taken_over_once_when_it_has_run_out(self, place: Place) -> None:
        begun = await place.begin()
        assert await place.reservations.claim(begun.order_id, (), "reserving") is None
        await place.outlive(begun)
        claims = await asyncio.gather(*(place.reservations.claim(begun.order_id, (), "reserving") for _ in range(8)))
        (winner,) = [claim for claim in claims if claim is not None]
        assert winner.resumed
        with pytest.raises(VersionConflict):
            await place.reservations.conclude(begun, begun.until)

    async def test_is_not_given_to_a_second_begin(self, place: Place) -> None:
        begun = await place.begin()
        assert await place.reservations.begin(begun) is None


class TestStatus:
    @pytest.mark.parametrize("available", [-2, 0, 1, 5, 6])
    async def test_is_the_same_in_the_database(self, place: Place, available: int) -> None:
        await place.fill(available)
        stages: list[dict[str, Any]] = [{"$match": {"_id": place.key}}, {"$project": {"status": STATUS}}]
        found = await (await place.stock.collection.aggregate(stages)).to_list()
        assert found[0]["status"] == status_of(available, 5)


@pytest_asyncio.fixture(loop_scope="module")
async def relay(inventory: Harness) -> AsyncIterator[MovementRelay]:
    yield MovementRelay(Ledger(inventory.runtime.ground))


class TestRelay:
    async def test_moves_each_movement_once_however_many_relays_there_are(
        self, place: Place, relay: MovementRelay
    ) -> None:
        await place.fill(0)
        now = SystemClock().now()
        for number in range(5):
            movement = {
                "_id": new_id("mov"),
                "companyId": place.company_id,
                "stockId": place.key,
                "warehouseId": WAREHOUSE,
                "sku": "A",
                "delta": number + 1,
                "reason": "received",
                "actor": "system",
                "at": now,
                "createdAt": now,
                "updatedAt": now,
            }
            push = {"$push": {"movements": movement}, "$inc": {"onHand": number + 1}, "$set": {"movementsAt": now}}
            await place.stock.collection.update_one({"_id": place.key}, push)
        await asyncio.gather(*(relay.flush({"_id": place.key}) for _ in range(4)))
        row = await place.document()
        assert row["movements"] == []
        assert "movementsAt" not in row
        ledger = Ledger(relay._ledger.ground).for_company(place.company_id)
        entries = await ledger.find_many({}, 100)
        assert [entry.on_hand_after for entry in sorted(entries, key=lambda one: one.delta)] == [1, 3, 6, 10, 15]
