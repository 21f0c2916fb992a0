"""Secrets do not reach a log, by name or by shape."""

import pytest
import structlog

from common import logging


@pytest.fixture(autouse=True)
def _restore() -> object:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


class TestConfigure:
    @pytest.mark.parametrize(
        ("fields", "secret"),
        [
            ({"password": "hunter2hunter2"}, "hunter2hunter2"),
            ({"note": "token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln"}, "eyJhbGciOiJFZERTQSJ9"),
            ({"note": "key sk_test_abcdefgh12345678"}, "sk_test_abcdefgh"),
            ({"note": "card 4242 4242 4242 4242"}, "4242 4242"),
            ({"address": "mongodb://sales:verysecret@127.0.0.1"}, "verysecret"),
        ],
    )
    def test_blanks_secrets(
        self, fields: dict[str, str], secret: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import sys

        logging.configure("test")
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stdout), cache_logger_on_first_use=False)
        structlog.get_logger().warning("something", **fields)
        written = capsys.readouterr().out
        assert "something" in written
        assert secret not in written
