"""Outside development a missing or default secret stops the start."""

import pytest
from pydantic import ValidationError

from common.settings import ServiceSettings, development_seed

ADDRESSES = {"MONGO_URL": "mongodb://127.0.0.1:1", "AMQP_URL": "amqp://127.0.0.1:1", "MARKETHALL_SERVICE": "sales"}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MARKETHALL_SERVICE_KEY", "MARKETHALL_ENCRYPTION_KEY", "MARKETHALL_SERVICE_PUBLIC_KEYS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ADDRESSES.items():
        monkeypatch.setenv(name, value)


class TestStart:
    def test_needs_addresses_everywhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("MONGO_URL")
        with pytest.raises(ValidationError, match="MONGO_URL"):
            ServiceSettings()

    def test_makes_development_keys(self) -> None:
        assert ServiceSettings().service_public_keys.keys() >= {"sales", "gateway"}

    def test_stops_without_keys_in_production(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MARKETHALL_ENVIRONMENT", "production")
        with pytest.raises(ValidationError, match="MARKETHALL_SERVICE_KEY"):
            ServiceSettings()

    def test_stops_with_a_default_key_in_production(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MARKETHALL_ENVIRONMENT", "production")
        monkeypatch.setenv("MARKETHALL_SERVICE_KEY", development_seed("sales"))
        monkeypatch.setenv("MARKETHALL_ENCRYPTION_KEY", "x" * 43)
        monkeypatch.setenv("MARKETHALL_SERVICE_PUBLIC_KEYS", '{"sales": "x"}')
        with pytest.raises(ValidationError, match="development default"):
            ServiceSettings()
