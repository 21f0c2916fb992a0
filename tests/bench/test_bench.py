"""The benchmark on the running suite, a little of everything: figures come out, and nothing was refused."""

import json
import os
from typing import Any

import pytest

from bench import command
from bench.load import Outcome, Plan, drive, request

SERVERS = {"mongod", "rabbitmq"}
MEASURED = ["hop", "product", "order", "sign_in"]
"""One that the gateway answers for another, one that reads, one with all its effects, one that hashes."""


pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one short run tells."""
    if "MARKETHALL_TEST_HOME" not in os.environ:
        pytest.fail("MARKETHALL_TEST_HOME is not set: run the tests with ./markethall test, which starts the suite")
    file = tmp_path_factory.mktemp("bench") / "figures.json"
    little = ["--clients", "8", "--rounds", "1", "--seconds", "0.5", "--writes", "8", "--products", "20"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MARKETHALL_HOME", os.environ["MARKETHALL_TEST_HOME"])
        patch.setenv("MARKETHALL_PORT_BASE", os.environ["MARKETHALL_TEST_PORT_BASE"])
        command.run([*MEASURED, *little, "--no-floors", "--here", "--json", str(file)])
    document: dict[str, Any] = json.loads(file.read_text())
    return document


class TestFigures:
    def test_are_there_for_each_operation(self, told: dict[str, Any]) -> None:
        assert [each["operation"] for each in told["figures"]] == MEASURED
        assert told["versions"]["pymongo"] and told["cores"] == os.cpu_count()

    def test_count_no_refused_request(self, told: dict[str, Any]) -> None:
        assert {each["operation"]: each["refused"] for each in told["figures"]} == dict.fromkeys(MEASURED, 0)

    def test_say_how_fast_and_at_what_cost(self, told: dict[str, Any]) -> None:
        for each in told["figures"]:
            assert each["rate"] > 0 and 0 < each["p50"] <= each["p99"], each
            assert each["cpu"] == pytest.approx(sum(each["by_process"].values())), each

    def test_include_the_servers_where_something_is_written(self, told: dict[str, Any]) -> None:
        order = next(each for each in told["figures"] if each["operation"] == "order")
        assert set(order["by_process"]) >= SERVERS


class TestLoad:
    async def test_counts_what_was_answered_and_what_was_refused(self) -> None:
        port = int(os.environ["MARKETHALL_TEST_PORT_BASE"])
        asked = [request("GET", path, {}) for path in ("/health/live", "/no/such/address")]
        outcome = await drive(Plan(port, asked, clients=2))
        assert (outcome.done, outcome.refused, dict(outcome.statuses)) == (1, 1, {200: 1, 404: 1})
        assert outcome.generator_seconds > 0

    def test_percentiles_are_of_the_answers(self) -> None:
        outcome = Outcome(latencies=[0.004, 0.001, 0.003, 0.002])
        assert [outcome.percentile(share) for share in (0.0, 0.5, 0.99)] == [1.0, 3.0, 4.0]
        assert Outcome().percentile(0.5) == 0.0
