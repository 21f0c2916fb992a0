"""What services are told of their providers: the sandbox's accounts, or the operator's own."""

import json
from pathlib import Path

import pytest

from dev.home import Home
from dev.provision.environments import (
    ServerAddresses,
    has_real_provider,
    sandbox_environment,
    service_environments,
)
from dev.secret_store import SecretStore
from dev.testing import PROVIDERS

SERVERS = ServerAddresses(
    mongo="mongodb://a:b@127.0.0.1:1/", amqp="amqp://a:b@127.0.0.1:1/", management="http://127.0.0.1:1", redis=None
)
PAYPAL = ("PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_SECRET", "PAYPAL_API_BASE", "PAYPAL_WEBHOOK_ID")
TEXTS_AND_PUSHES = (
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_FROM",
    "TWILIO_API_BASE",
    "FIREBASE_CREDENTIALS",
    "FIREBASE_FCM_URL",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in (*PROVIDERS, "MARKETHALL_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    made = Home(tmp_path, 28_500)
    made.make()
    return made


def told(home: Home) -> dict[str, dict[str, str]]:
    secrets = SecretStore(home.secrets)
    return {
        **service_environments(home, secrets, SERVERS),
        "sandbox": sandbox_environment(home, secrets),
    }


class TestSandboxAccounts:
    def test_the_service_and_the_sandbox_agree_and_keep_agreeing(self, home: Home) -> None:
        first, second = told(home), told(home)
        for name in PAYPAL:
            assert first["payment"][name] == first["sandbox"][name] == second["payment"][name]
        for name in TEXTS_AND_PUSHES:
            assert first["notification"][name] == first["sandbox"][name] == second["notification"][name]

    def test_the_service_account_asks_the_sandbox_for_its_token(self, home: Home) -> None:
        account = json.loads(told(home)["notification"]["FIREBASE_CREDENTIALS"])
        assert account["token_uri"] == "http://127.0.0.1:28513/token"
        assert account["project_id"] in told(home)["notification"]["FIREBASE_FCM_URL"]

    def test_no_other_service_gets_them(self, home: Home) -> None:
        environments = told(home)
        for service, environment in environments.items():
            known = {name for name in environment if name.startswith(("PAYPAL_", "TWILIO_", "FIREBASE_"))}
            assert not known or service in ("payment", "notification", "sandbox")

    def test_everyone_knows_the_public_address(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        assert {each["MARKETHALL_PUBLIC_URL"] for each in told(home).values()} == {"http://127.0.0.1:28500"}
        monkeypatch.setenv("MARKETHALL_PUBLIC_URL", "https://shop.example")
        assert {each["MARKETHALL_PUBLIC_URL"] for each in told(home).values()} == {"https://shop.example"}


class TestRealAccounts:
    def test_one_of_the_operators_own_replaces_the_sandboxs(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PAYPAL_CLIENT_ID", "own")
        monkeypatch.setenv("PAYPAL_CLIENT_SECRET", "own-secret")
        payment = told(home)["payment"]
        assert {name for name in payment if name.startswith("PAYPAL_")} == {
            "PAYPAL_CLIENT_ID",
            "PAYPAL_CLIENT_SECRET",
        }
        assert payment["STRIPE_API_BASE"] == "http://127.0.0.1:28513"

    def test_the_sandbox_stays_out_once_none_needs_it(self) -> None:
        names = ("STRIPE_API_KEY", "PAYPAL_CLIENT_ID", "SMTP_HOST", "TWILIO_ACCOUNT_SID", "FIREBASE_CREDENTIALS")
        assert has_real_provider(dict.fromkeys(names, "own"))
        for left_out in names:
            assert not has_real_provider({name: "own" for name in names if name != left_out})


class TestAudit:
    def test_checkpoints_lie_in_the_homes_data_by_database(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("MARKETHALL_AUDIT_CHECKPOINTS", raising=False)
        monkeypatch.setenv("MARKETHALL_DATABASE_PREFIX", "other_")
        assert told(home)["audit"]["MARKETHALL_AUDIT_CHECKPOINTS"] == str(home.data / "audit" / "other_auditdb")

    def test_the_operator_may_name_another_folder(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MARKETHALL_AUDIT_CHECKPOINTS", "/srv/checkpoints")
        assert told(home)["audit"]["MARKETHALL_AUDIT_CHECKPOINTS"] == "/srv/checkpoints"
