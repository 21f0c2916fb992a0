"""Servers and isolation for every test: a database prefix and a virtual host of their own a module."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import httpx2
import pymongo
import pytest

from common.testing import Infrastructure

SHARED = Path(__file__).resolve().parents[2] / "shared"
"""What lies beside the repository: the wire contract, and real data."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests on what lies beside the repository are left out with one line where it does not, but for CI."""
    if SHARED.exists() or os.environ.get("CI"):
        return
    left_out = [item for item in items if item.get_closest_marker("real_data")]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        print(f"left out, nothing at {SHARED}: {len(left_out)} tests")


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.fail(f"{name} is not set: run the tests with ./markethall test, which starts the servers")
    return value


@pytest.fixture(scope="module")
def infrastructure() -> Iterator[Infrastructure]:
    """A virtual host and a database prefix that no other module uses; both are removed afterwards."""
    mongo_url = _required("MARKETHALL_TEST_MONGO_URL")
    amqp_url = _required("MARKETHALL_TEST_AMQP_URL")
    management = _required("MARKETHALL_TEST_AMQP_MANAGEMENT_URL")
    name = f"t{secrets.token_hex(4)}"
    parts = urlsplit(amqp_url)
    login = (parts.username or "guest", parts.password or "guest")
    with httpx2.Client(base_url=management, auth=login, timeout=30) as admin:
        admin.put(f"/api/vhosts/{name}").raise_for_status()
        admin.put(
            f"/api/permissions/{name}/{quote(login[0])}", json={"configure": ".*", "write": ".*", "read": ".*"}
        ).raise_for_status()
        yield Infrastructure(mongo_url, urlunsplit(parts._replace(path=f"/{name}")), f"{name}_")
        admin.delete(f"/api/vhosts/{name}").raise_for_status()
    with pymongo.MongoClient(mongo_url) as client:  # type: ignore[var-annotated]
        for database in client.list_database_names():
            if database.startswith(f"{name}_"):
                client.drop_database(database)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests record as their figures is shown at the end, from whichever worker it comes."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, figures in report.user_properties:
            terminalreporter.write_line(f"{name}: {figures}")
