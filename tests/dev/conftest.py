"""Homes, a supervisor and the real servers for the tests of the operator's side."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from dev.home import Home
from dev.provision.environments import ServerAddresses
from dev.secret_store import SecretStore
from dev.servers import mongod, rabbitmq
from dev.suite import Selection, addresses, server_specs
from dev.supervisor.client import SupervisorClient, launch
from dev.testing import free_port_base

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home", free_port_base())
    made.make()
    return made


@pytest.fixture
def supervisor(home: Home) -> Iterator[SupervisorClient]:
    client = launch(home)
    yield client
    if client.is_running():
        client.end()


@pytest.fixture
def until() -> Until:
    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true within 20 s"
            time.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddresses]:
    """The servers of the suite that `./markethall test` runs; without one, a pair of our own."""
    if "MARKETHALL_TEST_MONGO_URL" in os.environ:
        yield ServerAddresses(
            mongo=os.environ["MARKETHALL_TEST_MONGO_URL"],
            amqp=os.environ["MARKETHALL_TEST_AMQP_URL"],
            management=os.environ["MARKETHALL_TEST_AMQP_MANAGEMENT_URL"],
            redis=None,
        )
        return
    home = Home(tmp_path_factory.mktemp("servers"), free_port_base())
    home.make()
    secrets = SecretStore(home.secrets)
    own = addresses(home, secrets, Selection())
    client = launch(home)
    try:
        client.add(server_specs(home, secrets, own))
        mongod.make_ready(home, secrets)
        rabbitmq.make_ready(home, own.amqp, own.management)
        yield own
    finally:
        client.end()


@pytest.fixture
def console() -> Console:
    return Console(quiet=True)
