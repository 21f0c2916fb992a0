"""Gates: how many at a time, who waits, who is next, and who is refused."""

import asyncio
from typing import Any

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from common.testing import Infrastructure
from services.gateway.domain import capacity as capacity_module
from services.gateway.domain.capacity import FIRST, LEAST, MOST, WINDOW_ANSWERS, Capacity
from services.gateway.domain.tenancy import Tenant
from services.gateway.service import overload
from services.gateway.service.call import Call, begin
from services.gateway.service.overload import Gate, Gates, Overloaded, Place
from tests.gateway.backend import Backend, answer
from tests.gateway.conftest import open_door

QUICK_SECONDS, SLOW_SECONDS = 0.01, 0.2


def windows(capacity: Capacity, count: int, seconds: float, *, full: bool) -> Capacity:
    """So many whole windows of answers."""
    for _ in range(count):
        if full:
            capacity.full()
        for _ in range(max(WINDOW_ANSWERS, int(capacity_module.WINDOW_SECONDS / seconds) + 1)):
            capacity.answered(seconds)
    return capacity


def call(company: str, address: str = "10.0.0.1", path: str = "/api/orders") -> Call:
    scope: Scope = {"path": path, "client": (address, 1), "headers": [(b"x-tenant-id", company.encode())]}
    made = begin(scope, [])
    made.tenant = Tenant(company)
    return made


def full_gate() -> Gate:
    """One whose places are all taken."""
    gate = Gate("sales", "write")
    while gate.try_enter():
        pass
    return gate


async def lined_up(gate: Gate, *calls: Call) -> list[asyncio.Task[None]]:
    """Tasks that wait at the gate, in this order."""
    tasks = [asyncio.create_task(gate.enter(each)) for each in calls]
    await asyncio.sleep(0)
    return tasks


class TestCapacity:
    def test_grows_while_it_is_full_and_answers_stay_quick(self) -> None:
        assert windows(Capacity(), 100, QUICK_SECONDS, full=True).limit == MOST

    def test_stays_while_nobody_wants_more(self) -> None:
        assert windows(Capacity(), 20, QUICK_SECONDS, full=False).limit == FIRST

    def test_shrinks_when_answers_take_longer_but_not_to_nothing(self) -> None:
        known = windows(Capacity(), 5, QUICK_SECONDS, full=False)
        assert windows(known, 1, SLOW_SECONDS, full=True).limit < FIRST
        assert windows(known, 20, SLOW_SECONDS, full=True).limit == LEAST

    def test_overload_does_not_become_peace(self) -> None:
        known = windows(Capacity(), 5, QUICK_SECONDS, full=False)
        before = known.quiet_seconds
        known.limit = MOST
        windows(known, 3, SLOW_SECONDS, full=True)
        assert known.quiet_seconds == pytest.approx(before)

    def test_a_few_quick_answers_do_not_make_all_others_slow(self) -> None:
        known = windows(Capacity(), 5, SLOW_SECONDS, full=False)
        assert windows(windows(known, 1, 0.001, full=False), 1, SLOW_SECONDS, full=False).limit == FIRST


class TestGate:
    async def test_companies_take_turns(self) -> None:
        gate = full_gate()
        tasks = await lined_up(gate, call("noisy"), call("noisy"), call("other"))
        gate.leave()
        gate.leave()
        await asyncio.gather(tasks[0], tasks[2])
        assert not tasks[1].done()
        gate.leave()
        await tasks[1]

    async def test_refuses_who_waits_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(overload, "BURST_SECONDS", 0.01)
        gate = full_gate()
        with pytest.raises(Overloaded):
            await gate.enter(call("noisy"))
        assert gate.under_way == FIRST

    async def test_who_asks_for_little_is_let_wait_for_its_turn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(overload, "STANDS_AFTER_SECONDS", -1.0)
        monkeypatch.setattr(overload, "STANDING_SECONDS", 0.0)
        monkeypatch.setattr(overload, "FEW_SECONDS", 60.0)
        gate = full_gate()
        *noisy, other = await lined_up(gate, *(call("noisy") for _ in range(4)), call("other"))
        ends = await _ended(noisy[overload.FEW :])
        assert all(isinstance(end, Overloaded) for end in ends)
        gate.leave()
        gate.leave()
        await other

    async def test_a_full_line_makes_room_for_another_company(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(overload, "LINE_MOST", 2)
        gate = full_gate()
        first, second, third = await lined_up(gate, call("noisy"), call("noisy"), call("other"))
        with pytest.raises(Overloaded):
            await second
        gate.leave()
        gate.leave()
        await asyncio.gather(first, third)

    async def test_refuses_a_sender_at_once_whose_calls_fill_a_standing_line(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gate = full_gate()
        monkeypatch.setattr(overload, "LINE_MOST", FIRST)
        tasks = await lined_up(gate, *(call("noisy") for _ in range(FIRST)))
        gate.knock(call("noisy"))
        monkeypatch.setattr(overload, "STANDS_AFTER_SECONDS", -1.0)
        with pytest.raises(Overloaded):
            gate.knock(call("noisy"))
        gate.knock(call("other"))
        for task in tasks:
            task.cancel()
        assert all(isinstance(each, asyncio.CancelledError) for each in await _ended(tasks))

    async def test_who_goes_away_leaves_no_place_taken(self) -> None:
        gate = full_gate()
        [task] = await lined_up(gate, call("noisy"))
        gate.leave()
        task.cancel()
        await _ended([task])
        assert gate.under_way == FIRST - 1

    async def test_a_place_is_lent_for_a_while(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(overload, "LENT_SECONDS", 0.0)
        gate = Gate("sales", "write")
        assert gate.try_enter()
        place = Place(gate)
        async with asyncio.timeout(5):
            while gate.under_way:
                await asyncio.sleep(0)
        place.give_back()
        assert gate.under_way == 0

    async def test_providers_have_a_gate_of_their_own(self) -> None:
        gates, told = Gates(), "/api/payments/webhooks/stripe/acc_1"
        one, other = (gates.of("payment", call("acme", path=path), path) for path in (told, "/api/payments/pay_1"))
        assert one is not other


class TestDoor:
    async def test_refuses_with_a_time_to_ask_again(
        self, infrastructure: Infrastructure, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("FIRST", "LEAST"):
            monkeypatch.setattr(capacity_module, name, 1)
        monkeypatch.setattr(overload, "LINE_MOST", 1)
        entered, ends = asyncio.Event(), asyncio.Event()

        async def slow(_: Backend, scope: Scope, receive: Receive, send: Send) -> None:
            entered.set()
            await ends.wait()
            await answer(send, 200, {})

        async with open_door(infrastructure) as door, door.client() as client:
            door.backend.special["/api/orders"] = slow
            under_way = asyncio.create_task(client.get("/api/orders"))
            await entered.wait()
            others = [asyncio.create_task(client.get("/api/orders")) for _ in range(2)]
            done, waiting = await asyncio.wait(others, timeout=10, return_when=asyncio.FIRST_COMPLETED)
            elsewhere = await client.get("/api/products")
            ends.set()
            refused: httpx2.Response = done.pop().result()
            served = [await under_way, *[await each for each in waiting]]
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert int(refused.headers["retry-after"]) > 0
        assert refused.headers["x-request-id"] == refused.json()["requestId"]
        assert [each.status_code for each in (*served, elsewhere)] == [200, 200, 200]


async def _ended(tasks: list[asyncio.Task[None]]) -> list[Any]:
    return await asyncio.gather(*tasks, return_exceptions=True)
