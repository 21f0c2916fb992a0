"""Secrets do not reach a log, by name or by shape."""

import json
import sys

import pytest
import structlog

from common import context, logging


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
            ({"sent": {"admin": {"password": "hunter2hunter2"}}}, "hunter2hunter2"),
            ({"sent": [{"note": "key sk_test_abcdefgh12345678"}]}, "sk_test_abcdefgh"),
            ({"address": "mongodb://sales:verysecret@127.0.0.1"}, "verysecret"),
        ],
    )
    def test_blanks_secrets(
        self, fields: dict[str, str], secret: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        logging.configure("test")
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stdout), cache_logger_on_first_use=False)
        structlog.get_logger().warning("something", **fields)
        written = capsys.readouterr().out
        assert "something" in written
        assert secret not in written

    def test_says_for_whom_and_for_what(self, capsys: pytest.CaptureFixture[str]) -> None:
        logging.configure("test")
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stdout), cache_logger_on_first_use=False)
        traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        call = context.CallContext("req_1", actor="user:usr_1", company_id="cmp_1", traceparent=traceparent)
        with context.scope(call):
            structlog.get_logger().warning("something")
        told = json.loads(capsys.readouterr().out)
        named = {name: told[name] for name in ("requestId", "actor", "companyId", "traceId", "service")}
        assert named == {
            "requestId": "req_1",
            "actor": "user:usr_1",
            "companyId": "cmp_1",
            "traceId": "0af7651916cd43dd8448eb211c80319c",
            "service": "test",
        }
