"""Orders that are really stuck, in a suite of their own, and `./markethall explain --resume` that makes them go on."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aio_pika
import pymongo
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractIncomingMessage
from rich.console import Console

from dev import testing
from dev.down import end_all
from dev.explain.command import Told, examine
from dev.explain.verdict import Verdict
from dev.home import Home
from dev.readiness import wait_until_ready
from dev.secret_store import SecretStore
from dev.suite import Selection
from dev.supervisor.client import SupervisorClient
from dev.up import up
from tests.e2e.conftest import Market, by_card, close_market, eventually, open_market, order_of

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(420)]

SERVICES = "gateway,auth,company,shop,catalog,sales,payment,inventory,notification,audit,debt"
PutAway = Callable[[AbstractIncomingMessage], Awaitable[Any]]
WHY = "its message was lost"
STUCK_SECONDS = 60.0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A suite whose queues and bindings nobody else needs."""
    own = Home(tmp_path_factory.mktemp("stuck"), testing.free_port_base())
    before = dict(os.environ)
    try:
        up(own, Selection.parse(SERVICES, []), Console(quiet=True))
        os.environ.update(testing.test_environment(own))
        yield own
    finally:
        os.environ.clear()
        os.environ.update(before)
        client = SupervisorClient(own)
        if client.is_running():
            end_all(client, Console(quiet=True))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def market(home: Home) -> AsyncIterator[Market]:
    made = await open_market(home.service_url("gateway"))
    yield made
    await close_market(made)


@pytest_asyncio.fixture(loop_scope="module")
async def product(market: Market) -> dict[str, Any]:
    return await market.product(stock=20)


async def explain(home: Home, order_id: str, **more: Any) -> Told:
    return await asyncio.to_thread(examine, home, order_id, **more)


async def comes_to(home: Home, order_id: str, words: str) -> Verdict:
    """The verdict, once these words are in its sentence."""

    async def ask() -> Verdict:
        return (await explain(home, order_id)).verdict

    verdict: Verdict = await eventually(ask, lambda found: words in found.sentence, STUCK_SECONDS)
    return verdict


async def reasons(market: Market, order_id: str, count: int) -> list[str]:
    """The reasons of this many resumptions, as the audit log has them."""
    page = await eventually(
        lambda: market.admin.get("/api/audit/events", action="saga.resumed", resource=order_id),
        lambda found: len(found["items"]) >= count,
    )
    assert {entry["actor"]["role"] for entry in page["items"]} == {"super_admin"}
    return [entry["after"]["reason"] for entry in page["items"]]


async def stopped(home: Home, service: str) -> None:
    await asyncio.to_thread(SupervisorClient(home).stop, [service])


async def started(home: Home, service: str) -> None:
    client = SupervisorClient(home)
    client.start([service])
    await asyncio.to_thread(wait_until_ready, home, client, [service])


def secret(home: Home, name: str) -> str:
    return SecretStore(home.secrets).get(f"address.{name}")


async def emptied(home: Home, service: str, put_away: PutAway) -> None:
    """Everything that waits in the queue of a stopped service is taken out of it."""
    async with await aio_pika.connect(secret(home, "amqp")) as connection:
        queue = await (await connection.channel()).get_queue(service)

        async def take() -> int:
            message = await queue.get(fail=False, timeout=10)
            if message is None:
                return 0
            await put_away(message)
            return 1 + await take()

        assert await take() > 0


class TestStopped:
    async def test_says_who_does_not_run(self, home: Home, market: Market, product: dict[str, Any]) -> None:
        customer = await market.customer()
        await stopped(home, "payment")
        order = await customer.post("/api/orders", order_of(product, payment=by_card()))
        verdict = await comes_to(home, order["id"], "waits for payment, which does not run")
        assert (verdict.kind, verdict.problems[0].remedy) == ("stuck", "./markethall start payment")
        await started(home, "payment")
        await comes_to(home, order["id"], "ended: confirmed and paid")


class TestLost:
    async def test_is_sent_again_to_whoever_never_had_it(
        self, home: Home, market: Market, product: dict[str, Any]
    ) -> None:
        """What the broker held for the service is gone, as it is when its disk was lost."""
        customer = await market.customer()
        await stopped(home, "payment")
        order = await customer.post("/api/orders", order_of(product, payment=by_card()))
        await market.order_becomes(order["id"], fulfilmentStatus="reserved")
        await emptied(home, "payment", lambda message: message.ack())
        await started(home, "payment")
        verdict = await comes_to(home, order["id"], "was never handled by payment")
        assert [problem.what.split(" of ")[0] for problem in verdict.problems] == [
            "order.created",
            "inventory.reserved",
        ]
        assert "`--resume` helps" in verdict.sentence
        told = await explain(home, order["id"], action="resume", reason=WHY)
        assert "inventory.reserved was sent to payment again" in told.done
        assert told.verdict.sentence == "ended: confirmed and paid"
        assert len(told.case.providers[0]["says"]) == 1
        again = await explain(home, order["id"], action="resume", reason="to be sure")
        assert [entry["cause"].split(":")[0] for entry in again.case.records.ledger] == ["capture"]
        assert sorted(await reasons(market, order["id"], 2)) == sorted([WHY, "to be sure"])


class TestDead:
    async def test_is_taken_out_of_the_dead_letters(self, home: Home, market: Market, product: dict[str, Any]) -> None:
        customer, other = await market.customer(), await market.customer()
        await stopped(home, "payment")
        orders = [await each.post("/api/orders", order_of(product, payment=by_card())) for each in (customer, other)]
        for order in orders:
            await market.order_becomes(order["id"], fulfilmentStatus="reserved")
        await emptied(home, "payment", lambda message: message.reject(requeue=False))
        await started(home, "payment")
        verdict = await comes_to(home, orders[0]["id"], "is dead at payment")
        assert verdict.problems[0].remedy == "--resume"
        told = await explain(home, orders[0]["id"], action="resume", reason=WHY)
        assert "inventory.reserved was taken out of the dead letters of payment" in told.done
        assert told.verdict.sentence == "ended: confirmed and paid"
        await comes_to(home, orders[1]["id"], "is dead at payment")  # another order's letters stay where they are


class TestUnsent:
    async def test_is_offered_to_the_broker_again(self, home: Home, market: Market, product: dict[str, Any]) -> None:
        """An event in an outbox that no poll finds: the mark by which it would is gone."""
        customer = await market.customer()
        order = await customer.post("/api/orders", order_of(product))
        await market.order_becomes(order["id"], fulfilmentStatus="reserved")
        await comes_to(home, order["id"], "waits for the payment")
        told = await explain(home, order["id"])
        [created] = [seen for seen in told.case.events if seen.type == "order.created"]
        with pymongo.MongoClient[dict[str, Any]](secret(home, "mongo")) as client:
            sales = client["salesdb"]
            sales["sent_events"].delete_one({"_id": created.id})
            sales["orders"].update_one({"_id": order["id"]}, {"$push": {"outbox": created.document}})
        await comes_to(home, order["id"], "order.created of")
        told = await explain(home, order["id"], action="resume", reason=WHY)
        assert "order.created is offered to the broker again" in told.done
        assert told.verdict.sentence.startswith("waits for the payment")
        assert (await market.stock(product["sku"]))["reserved"] == 1
