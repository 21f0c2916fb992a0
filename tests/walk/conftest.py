"""Two companies in the suite that ./markethall test runs, and everybody who calls."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from dev.home import Home
from dev.walk.callers import Caller
from dev.walk.forging import Forge
from dev.walk.founding import found
from dev.walk.identities import callers
from dev.walk.world import World


def required(name: str) -> str:
    """A variable that ./markethall test sets."""
    value = os.environ.get(name)
    if not value:
        pytest.fail(f"{name} is not set: run the tests with ./markethall test, which starts the suite")
    return value


@dataclass(frozen=True, slots=True)
class Field:
    """Where the walk goes: the company attacked, a stranger, who calls, and the suite's signing key."""

    home: Home
    own: World
    foreign: World
    callers: dict[str, Caller]
    forge: Forge
    mongo_url: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def battlefield() -> AsyncIterator[Field]:
    home = Home(Path(required("MARKETHALL_TEST_HOME")), int(required("MARKETHALL_TEST_PORT_BASE")))
    base_url = required("MARKETHALL_TEST_GATEWAY_URL")
    login = (required("MARKETHALL_TEST_ADMIN_EMAIL"), required("MARKETHALL_TEST_ADMIN_PASSWORD"))
    own, foreign = await asyncio.gather(found(base_url, login, "alpha"), found(base_url, login, "bravo"))
    forge = Forge.open(home)
    yield Field(home, own, foreign, await callers(own, forge), forge, required("MARKETHALL_TEST_MONGO_URL"))
    await own.close()
    await foreign.close()
