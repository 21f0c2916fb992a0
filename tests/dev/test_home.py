"""Homes, their secrets, and what the command line says when something is wrong."""

import stat

import pytest
from rich.console import Console

from dev.cli import main
from dev.down import reset
from dev.home import Home, OperatorError
from dev.provision.accounts import Account, with_account
from dev.secret_store import SecretStore, key, public_key
from dev.status import without_password
from dev.suite import Selection


class TestSecretStore:
    def test_a_secret_is_made_once_and_kept_closed(self, home: Home) -> None:
        first = SecretStore(home.secrets).get("mongo.sales")
        assert SecretStore(home.secrets).get("mongo.sales") == first
        assert len(first) == 32
        assert stat.S_IMODE(home.secrets.stat().st_mode) == 0o600

    def test_a_public_key_follows_from_its_seed(self) -> None:
        seed = key()
        assert public_key(seed) == public_key(seed)
        assert len(public_key(seed)) == 43


class TestHome:
    @pytest.mark.parametrize("text", ["", "eighty", "80", "65530"])
    def test_a_port_base_must_leave_room(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MARKETHALL_PORT_BASE", text or "-1")
        with pytest.raises(OperatorError, match="MARKETHALL_PORT_BASE"):
            Home.from_environment()

    def test_what_is_remembered_outlives_the_object(self, home: Home) -> None:
        home.remember("default_tenant", "cmp_1")
        assert Home(home.path, home.port_base).remembered() == {"default_tenant": "cmp_1"}

    def test_reset_spares_a_folder_that_is_no_home(self, home: Home, console: Console) -> None:
        for each in home.path.iterdir():
            each.rmdir()
        (home.path / "thesis.txt").write_text("years of work")
        with pytest.raises(OperatorError, match="by hand"):
            reset(home, console)
        assert (home.path / "thesis.txt").exists()


class TestSelection:
    def test_all_services_once_unless_told(self) -> None:
        assert len(Selection.parse(None, []).services) == 13
        chosen = Selection.parse("sales,gateway", ["sales=2"])
        assert (chosen.services, chosen.copies) == (("gateway", "sales"), {"sales": 2})

    @pytest.mark.parametrize(("only", "workers"), [("sails", []), (None, ["sales"]), (None, ["sales=0"])])
    def test_what_makes_no_sense_is_refused(self, only: str | None, workers: list[str]) -> None:
        with pytest.raises(OperatorError):
            Selection.parse(only, workers)


class TestAddresses:
    def test_an_account_takes_the_administrators_place(self) -> None:
        account = Account("sales", "salesdb", "p/w", "salesdb")
        address = with_account("mongodb://admin:x@a:1,b:2/?replicaSet=rs0", account)
        assert address == "mongodb://salesdb:p%2Fw@a:1,b:2/?replicaSet=rs0"

    def test_no_password_is_shown(self) -> None:
        assert without_password("amqp://admin:secret@127.0.0.1:5672/") == "amqp://127.0.0.1:5672/"


class TestCommandLine:
    @pytest.mark.parametrize("command", ["status", "restart sales", "dead", "logs"])
    def test_one_sentence_when_nothing_runs(
        self, command: str, home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("MARKETHALL_HOME", str(home.path))
        assert main(command.split()) == 1
        said = capsys.readouterr().err
        assert said.startswith("markethall: ") and said.count("\n") == 1
