"""One after another for one order, side by side for different ones."""

import asyncio

from services.payment.service.turns import Turns


async def test_those_with_one_name_go_in_turn_and_others_do_not_wait() -> None:
    turns, inside, most = Turns(), 0, 0
    other = asyncio.Event()

    async def one() -> None:
        nonlocal inside, most
        async with turns.of("ord_1"):
            inside += 1
            most = max(most, inside)
            await other.wait()  # which only comes when another name is let in meanwhile
            inside -= 1

    async def another() -> None:
        async with turns.of("ord_2"):
            other.set()

    async with asyncio.timeout(10):
        await asyncio.gather(*(one() for _ in range(5)), another())
    assert most == 1


async def test_the_queue_goes_on_where_somebody_fails() -> None:
    turns = Turns()

    async def fails() -> None:
        async with turns.of("ord_1"):
            raise ValueError("no")

    await asyncio.gather(*(fails() for _ in range(3)), return_exceptions=True)
    async with asyncio.timeout(10), turns.of("ord_1"):
        pass
    assert turns._queues == {}
