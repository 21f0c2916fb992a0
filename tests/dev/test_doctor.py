"""The doctor on a home without a suite, on broken ones, and what it says of single things."""

import json
from pathlib import Path

import pytest

from common.suite import SERVICES
from dev.cli import main
from dev.doctor import books, configuration, machine
from dev.doctor.declared import declared_indexes
from dev.doctor.finding import State
from dev.home import Home
from dev.secret_store import SecretStore


@pytest.fixture
def examined(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("MONGO_URL", "AMQP_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MARKETHALL_HOME", str(home.path))
    monkeypatch.setenv("MARKETHALL_PORT_BASE", str(home.port_base))
    return home


class TestExamine:
    def test_a_home_without_a_suite_is_no_fault(self, examined: Home, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["doctor", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["ok"]
        unasked = {each["area"] for each in told["findings"] if each["state"] == "unasked"}
        assert {"processes", "database", "broker"} <= unasked

    def test_what_is_wrong_has_a_remedy_and_an_exit_code(
        self, examined: Home, capsys: pytest.CaptureFixture[str]
    ) -> None:
        SecretStore(examined.secrets).put("mongo.sales", "x")
        examined.secrets.chmod(0o644)
        assert main(["doctor", "--json"]) == 1
        wrong = [each for each in json.loads(capsys.readouterr().out)["findings"] if each["state"] == "wrong"]
        assert [each["helps"] for each in wrong] == [f"chmod go-rwx {examined.secrets}"]

    def test_it_changes_nothing(self, examined: Home) -> None:
        SecretStore(examined.secrets).put("mongo.sales", "x")
        before = examined.secrets.read_bytes()
        main(["doctor", "--json"])
        assert examined.secrets.read_bytes() == before


class TestMachine:
    def test_a_full_disk_is_wrong(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(machine, "DISK_FULL_BYTES", 1 << 60)
        assert any(each.state is State.WRONG and "disk" in each.said for each in machine.look(home))


class TestConfiguration:
    def test_a_setting_that_a_service_refuses_is_named_without_its_value(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        SecretStore(home.secrets).put("mongo.sales", "x")
        monkeypatch.setenv("MARKETHALL_BODY_LIMIT_BYTES", "much-and-secret")
        found = [each for each in configuration.look(home) if each.state is State.WRONG]
        assert len(found) == len(SERVICES)
        assert all("body_limit_bytes" in each.said.lower() for each in found)
        assert not any("much-and-secret" in each.said for each in found)

    def test_a_clock_that_was_put_off_is_told(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        SecretStore(home.secrets).put("mongo.sales", "x")
        monkeypatch.setenv("MARKETHALL_CLOCK_OFFSET_SECONDS", "600")
        assert any(each.state is State.WRONG and "clock" in each.said for each in configuration.look(home))


class TestBackups:
    def test_none_is_told(self, home: Home) -> None:
        assert books.backups(home).state is State.NOTICE

    def test_one_that_is_gone_is_told(self, home: Home, tmp_path: Path) -> None:
        told = {"path": str(tmp_path / "gone"), "at": "2026-01-01T00:00:00+00:00"}
        home.remember("last_backup", json.dumps(told))
        assert "no longer" in books.backups(home).said


class TestDeclaredIndexes:
    @pytest.mark.parametrize("service", [name for name, spec in SERVICES.items() if spec.database])
    def test_every_service_names_its_indexes(self, service: str) -> None:
        assert {"sent_events", "inbox", "idempotency_keys"} <= declared_indexes(service).keys()
