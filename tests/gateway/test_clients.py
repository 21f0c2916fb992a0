"""What is sent twice and what is not, over connections that are cut."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from common.errors import Unavailable
from services.gateway import clients
from services.gateway.clients import RETRY_PAUSE_SECONDS, DeadlinePassed, Services
from services.gateway.domain.breaker import FAILURES, OPEN_SECONDS, Breaker
from services.gateway.settings import Settings

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Cutting:
    """A server that cuts its first connections off after reading the request."""

    def __init__(self, cuts: int) -> None:
        self.cuts = cuts
        self.requests = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        if self.requests > self.cuts:
            writer.write(ANSWER)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def services(port: int) -> AsyncIterator[Services]:
    settings = Settings(
        amqp_url=SecretStr("amqp://localhost/"),
        service_url_template=f"http://127.0.0.1:{port}",
        answer_seconds=0.3,
    )
    pool = Services(settings)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


class TestSend:
    async def test_repeats_a_cut_call_once_when_that_does_no_harm(self) -> None:
        cutting = Cutting(cuts=1)
        async with listening(cutting) as port, services(port) as pool:
            answer = await pool.send("sales", "POST", "/", [], b"{}", repeats_safely=True)
            assert (answer.status, cutting.requests) == (200, 2)
            answer.release()

    async def test_never_repeats_a_cut_call_that_may_have_worked(self) -> None:
        cutting = Cutting(cuts=1)
        async with listening(cutting) as port, services(port) as pool:
            with pytest.raises(Unavailable):
                await pool.send("sales", "POST", "/", [], b"{}", repeats_safely=False)
            assert cutting.requests == 1

    async def test_gives_up_after_the_second_cut(self) -> None:
        cutting = Cutting(cuts=9)
        async with listening(cutting) as port, services(port) as pool:
            with pytest.raises(Unavailable):
                await pool.send("sales", "PUT", "/", [], None, repeats_safely=True)
        assert cutting.requests == 2

    async def test_tries_again_what_never_arrived(self) -> None:
        async with listening(Cutting(0)) as port:
            pass
        async with services(port) as pool:
            call = asyncio.create_task(pool.send("sales", "POST", "/", [], b"{}", repeats_safely=False))
            loop = asyncio.get_running_loop()
            back: asyncio.Future[asyncio.Task[asyncio.Server]] = loop.create_future()
            loop.call_later(
                RETRY_PAUSE_SECONDS / 2,
                lambda: back.set_result(asyncio.create_task(asyncio.start_server(Cutting(0), "127.0.0.1", port))),
            )
            async with await (await back):
                answer = await call
                assert answer.status == 200
                answer.release()

    async def test_says_when_nobody_answers_in_time(self) -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        async with listening(silent) as port, services(port) as pool:
            with pytest.raises(DeadlinePassed):
                await pool.send("sales", "GET", "/", [], None, repeats_safely=True)

    async def test_says_when_the_service_is_away(self) -> None:
        async with listening(Cutting(0)) as port:
            pass
        async with services(port) as pool:
            with pytest.raises(Unavailable):
                await pool.send("sales", "GET", "/", [], None, repeats_safely=True)


class TestBreaker:
    async def test_answers_at_once_after_failures_in_a_row_and_tries_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [0.0]
        monkeypatch.setattr(clients, "monotonic_seconds", lambda: now[0])
        cutting = Cutting(cuts=FAILURES + 1)
        async with listening(cutting) as port, services(port) as pool:
            for _ in range(FAILURES):
                with pytest.raises(Unavailable):
                    await pool.send("sales", "POST", "/", [], None, repeats_safely=False)
            for _ in range(20):
                with pytest.raises(Unavailable) as refused:
                    await pool.send("sales", "POST", "/", [], None, repeats_safely=False)
            assert refused.value.retry_after_seconds == OPEN_SECONDS
            assert cutting.requests == FAILURES
            now[0] += OPEN_SECONDS
            tries = (pool.send("sales", "POST", "/", [], None, repeats_safely=False) for _ in range(5))
            results = await asyncio.gather(*tries, return_exceptions=True)
            assert {type(each) for each in results} == {Unavailable}
            assert cutting.requests == FAILURES + 1
            now[0] += OPEN_SECONDS
            (await pool.send("sales", "POST", "/", [], None, repeats_safely=False)).release()
            assert not pool._breakers["sales"].is_open

    async def test_leaves_other_services_alone(self) -> None:
        async with listening(Cutting(cuts=FAILURES)) as port, services(port) as pool:
            for _ in range(FAILURES):
                with pytest.raises(Unavailable):
                    await pool.send("sales", "POST", "/", [], None, repeats_safely=False)
            (await pool.send("catalog", "POST", "/", [], None, repeats_safely=False)).release()

    async def test_counts_no_answer_as_a_failure(self) -> None:
        async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            await writer.drain()
            writer.close()

        async with listening(busy) as port, services(port) as pool:
            for _ in range(FAILURES * 2):
                answer = await pool.send("sales", "POST", "/", [], None, repeats_safely=False)
                assert answer.status == 500
                answer.release()

    def test_lets_another_try_when_the_first_went_away(self) -> None:
        breaker = Breaker()
        for _ in range(FAILURES):
            breaker.failed(0.0)
        assert breaker.enter(OPEN_SECONDS) is None
        assert breaker.enter(OPEN_SECONDS) == 1
        breaker.abandoned()
        assert breaker.enter(OPEN_SECONDS) is None
        breaker.succeeded()
        assert not breaker.is_open
