"""docker-compose.yml against the suite's own tables and the Compose Specification."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from common.suite import DEFAULT_PORT_BASE, SERVICES
from dev.deployment import deployment_environment
from dev.home import REPOSITORY
from dev.provision.__main__ import accounts
from dev.supervisor.spec import SERVER_NICENESS

COMPOSE_FILE = REPOSITORY / "docker-compose.yml"
SCHEMA = Path(__file__).parent / "data" / "compose_spec.json"
REQUIRED = re.compile(r"\$\{([A-Z0-9_]+):\?")
OPTIONAL = re.compile(r"\$\{([A-Z0-9_]+):-")
ONE_SHOTS = {"mongo-replica-set", "provision"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE_FILE.read_text()))


@pytest.fixture(scope="module")
def text() -> str:
    return COMPOSE_FILE.read_text()


def test_it_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    # `name` at the top came to the specification after this edition of its schema.
    document = {key: value for key, value in compose.items() if key != "name"}
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(document)


class TestServices:
    def test_the_thirteen_and_what_they_stand_on(self, compose: dict[str, Any]) -> None:
        others = {"mongo", "rabbitmq", "redis", "sandbox", *ONE_SHOTS}
        assert set(compose["services"]) == set(SERVICES) | others

    @pytest.mark.parametrize("name", SERVICES)
    def test_each_has_its_own_command_port_database_and_users(self, compose: dict[str, Any], name: str) -> None:
        service, spec = compose["services"][name], SERVICES[name]
        environment = service["environment"]
        port = DEFAULT_PORT_BASE + spec.port_offset
        assert service["command"] == ["python", "-m", "common.serve", name]
        assert environment["MARKETHALL_SERVICE"] == name
        assert environment["MARKETHALL_PORT"] == str(port)
        assert f":{port}/health/ready" in service["healthcheck"]["test"][-1]
        assert environment["AMQP_URL"].startswith(f"amqp://{name}:${{{name.upper()}_AMQP_PASSWORD:?")
        assert ("MONGO_URL" in environment) == bool(spec.database)
        if spec.database:
            assert environment["MONGO_URL"].startswith(f"mongodb://{spec.database}:${{{name.upper()}_MONGO_PASSWORD:?")

    def test_one_image_for_all_of_ours(self, compose: dict[str, Any]) -> None:
        ours = [compose["services"][name] for name in (*SERVICES, "sandbox", "provision")]
        assert len({(each["image"], each["build"]) for each in ours}) == 1

    def test_none_holds_anothers_secret(self, compose: dict[str, Any]) -> None:
        for name in SERVICES:
            wanted = REQUIRED.findall(json.dumps(compose["services"][name]))
            own = tuple(f"{other.upper()}_" for other in SERVICES if other != name)
            assert not [each for each in wanted if each.startswith(own)]
            assert not [each for each in wanted if each.startswith(("MONGO_", "RABBITMQ_"))]


class TestRunning:
    def test_only_the_gateway_is_published(self, compose: dict[str, Any]) -> None:
        assert [name for name, each in compose["services"].items() if "ports" in each] == ["gateway"]

    def test_everything_scales(self, compose: dict[str, Any]) -> None:
        assert not [name for name, each in compose["services"].items() if "container_name" in each]

    def test_each_has_limits_and_says_whether_it_is_well(self, compose: dict[str, Any]) -> None:
        for name, each in compose["services"].items():
            assert set(each["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name
            assert ("healthcheck" in each) == (name not in ONE_SHOTS), name

    def test_each_gets_processors_by_its_niceness(self, compose: dict[str, Any]) -> None:
        shares = {name: compose["services"][name]["cpu_shares"] for name in SERVICES}
        assert shares == {name: round(1024 / 1.25**spec.niceness) for name, spec in SERVICES.items()}
        servers = {compose["services"][name]["cpu_shares"] for name in ("mongo", "rabbitmq")}
        assert servers == {round(1024 / 1.25**SERVER_NICENESS)}
        assert compose["services"]["redis"]["cpu_shares"] == shares["gateway"]

    def test_servers_come_before_accounts_and_accounts_before_services(self, compose: dict[str, Any]) -> None:
        services = compose["services"]
        for name in SERVICES:
            if name != "gateway":
                assert services[name]["depends_on"]["provision"] == {"condition": "service_completed_successfully"}
        before_the_door = {name for name in SERVICES if name != "gateway"} | {"redis"}
        assert set(services["gateway"]["depends_on"]) == before_the_door
        assert set(services["provision"]["depends_on"]) == {"mongo-replica-set", "rabbitmq"}

    def test_data_outlives_containers(self, compose: dict[str, Any]) -> None:
        mounted = {each.split(":")[0] for name in compose["services"].values() for each in name.get("volumes", ())}
        assert mounted == set(compose["volumes"])

    def test_checkpoints_of_the_audit_log_are_kept_outside_the_database(self, compose: dict[str, Any]) -> None:
        audit = compose["services"]["audit"]
        folder = audit["environment"]["MARKETHALL_AUDIT_CHECKPOINTS"]
        mounted = dict(each.split(":")[:2] for each in audit["volumes"])
        assert [name for name, place in mounted.items() if folder.startswith(f"{place}/")] == ["audit-checkpoints"]
        assert "audit-checkpoints" not in str(compose["services"]["mongo"])


class TestSecrets:
    def test_every_needed_one_is_made(self, text: str) -> None:
        assert set(REQUIRED.findall(text)) == set(deployment_environment())

    def test_every_option_is_explained(self, text: str) -> None:
        explained = set(re.findall(r"^#([A-Z_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE))
        assert set(OPTIONAL.findall(text)) <= explained

    def test_none_stands_in_the_file(self, compose: dict[str, Any]) -> None:
        for service in compose["services"].values():
            for name, value in service.get("environment", {}).items():
                if name.endswith(("PASSWORD", "_PASS", "_KEY", "_SECRET")):
                    assert re.fullmatch(r"\$\{[A-Z0-9_]+:(\?.+|-)\}", str(value)), name

    def test_provisioning_finds_every_password(self) -> None:
        databases, brokers = accounts(deployment_environment(), "")
        assert (len(databases), len(brokers)) == (12, 13)


class TestImage:
    def test_it_runs_as_nobody_in_particular(self) -> None:
        lines = (REPOSITORY / "Dockerfile").read_text().splitlines()
        assert "USER 10001" in lines
        assert len([line for line in lines if line.startswith("FROM python:3.11-slim")]) == 2
