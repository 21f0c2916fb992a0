"""Accounts on the real servers: who may open and publish what."""

import uuid
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit, urlunsplit

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from common.messaging import topology
from dev.home import Home
from dev.provision.accounts import Account, broker_accounts, database_accounts, with_account
from dev.provision.broker import provision_broker
from dev.provision.databases import provision_databases
from dev.provision.environments import ServerAddresses
from dev.provision.management import ManagementApi, in_path
from dev.provision.topology import grants, handled_types
from dev.secret_store import SecretStore


@pytest.fixture
def prefix() -> str:
    return f"t{uuid.uuid4().hex[:8]}_"


@pytest.fixture
def databases(home: Home, servers: ServerAddresses, prefix: str) -> Iterator[dict[str, Account]]:
    accounts = database_accounts(SecretStore(home.secrets), prefix)
    provision_databases(servers.mongo, accounts)
    yield {each.service: each for each in accounts}
    with MongoClient(servers.mongo) as client:
        for each in accounts:
            client.admin.command("dropUser", each.user)
            client.drop_database(each.database)


@pytest.fixture
async def broker(home: Home, servers: ServerAddresses, prefix: str) -> AsyncIterator[dict[str, str]]:
    """Each service's own address in a virtual host of this test alone."""
    accounts = broker_accounts(SecretStore(home.secrets), prefix)
    provision_broker(servers.management, prefix, accounts, grants())
    administrator = urlunsplit(urlsplit(servers.amqp)._replace(path=f"/{prefix}"))
    await topology.declare_all(administrator, {"sales": ["payment.succeeded"], "payment": []})
    yield {each.service: with_account(administrator, each) for each in accounts}
    api = ManagementApi(servers.management)
    for each in accounts:
        api.delete(f"/api/users/{in_path(each.user)}")
    api.delete(f"/api/vhosts/{in_path(prefix)}")


class TestDatabases:
    def test_a_service_writes_its_own(self, servers: ServerAddresses, databases: dict[str, Account]) -> None:
        sales = databases["sales"]
        with MongoClient(with_account(servers.mongo, sales)) as client:
            client[sales.database].orders.insert_one({"_id": "ord_1"})
            assert client[sales.database].orders.count_documents({}) == 1

    def test_it_does_not_open_anothers(self, servers: ServerAddresses, databases: dict[str, Account]) -> None:
        with MongoClient(with_account(servers.mongo, databases["sales"])) as client:
            for foreign in (databases["payment"].database, "admin"):
                with pytest.raises(OperationFailure, match="not authorized"):
                    client[foreign].anything.find_one({})

    def test_a_second_pass_touches_nothing(self, servers: ServerAddresses, databases: dict[str, Account]) -> None:
        assert provision_databases(servers.mongo, list(databases.values())) == 0

    def test_a_changed_password_is_set(self, servers: ServerAddresses, databases: dict[str, Account]) -> None:
        sales = databases["sales"]
        changed = Account("sales", sales.user, "another-password", sales.database)
        assert provision_databases(servers.mongo, [changed]) == 1
        with MongoClient(with_account(servers.mongo, changed)) as client:
            assert client[sales.database].orders.find_one({}) is None


class TestBroker:
    async def test_a_service_publishes_its_own_types(self, broker: dict[str, str]) -> None:
        async with await aio_pika.connect(broker["payment"]) as connection:
            channel = await connection.channel()
            events = await channel.get_exchange(topology.EVENTS, ensure=False)
            assert await events.publish(aio_pika.Message(b"[]"), "payment.succeeded")

    async def test_it_does_not_publish_anothers(self, broker: dict[str, str]) -> None:
        async with await aio_pika.connect(broker["sales"]) as connection:
            channel = await connection.channel()
            events = await channel.get_exchange(topology.EVENTS, ensure=False)
            with pytest.raises(ChannelAccessRefused):
                await events.publish(aio_pika.Message(b"[]"), "payment.succeeded")

    async def test_it_does_not_read_anothers_queue(self, broker: dict[str, str]) -> None:
        async with await aio_pika.connect(broker["payment"]) as connection:
            channel = await connection.channel()
            queue = await channel.get_queue("sales", ensure=False)
            with pytest.raises(ChannelAccessRefused):
                await queue.get(fail=False)

    async def test_a_second_pass_touches_nothing(
        self, home: Home, servers: ServerAddresses, prefix: str, broker: dict[str, str]
    ) -> None:
        accounts = broker_accounts(SecretStore(home.secrets), prefix)
        assert provision_broker(servers.management, prefix, accounts, grants()) == 0


def test_handler_tables_name_known_services() -> None:
    assert "audit" not in handled_types()
