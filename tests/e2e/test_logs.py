"""No log holds a password, a token, a key or a card number."""

import re
from pathlib import Path

from tests.e2e.conftest import required

SECRETS = re.compile(
    r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"  # a JWT
    r"|\b(?:sk|rk)_(?:test|live)_\w{8,}|whsec_\w{8,}"  # the provider's keys
    r"|\b4242[ -]?4242[ -]?4242[ -]?4242\b"
    r"|\"(?:password|accessToken|refreshToken)\":\s*\"(?!\[redacted\])"
    r"|://[^/\s:@]+:[^/\s@]{6,}@"  # an address with a password
)


class TestLogs:
    def test_hold_no_secret(self) -> None:
        folder = Path(required("MARKETHALL_TEST_HOME")) / "logs"
        files = sorted(folder.glob("*.log"))
        assert len(files) >= 14
        password = required("MARKETHALL_TEST_ADMIN_PASSWORD")
        found = []
        for path in files:
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                if SECRETS.search(line) or password in line:
                    found.append(f"{path.name}:{number}")
        assert found == []

    def test_pattern_finds_what_it_should(self) -> None:
        assert SECRETS.search('{"password": "hunter22"}')
        assert SECRETS.search("mongodb://sales:abcdefgh@127.0.0.1")
        assert not SECRETS.search('{"password": "[redacted]"}')
