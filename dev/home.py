"""Where one running suite keeps its data, logs and secrets, and which ports it has."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.suite import DEFAULT_PORT_BASE, SERVICES

REPOSITORY = Path(__file__).resolve().parent.parent

SANDBOX_HTTP = 13
SANDBOX_SMTP = 14
MONGOD = 17
AMQP = 20
AMQP_MANAGEMENT = 21
ERLANG_DISTRIBUTION = 22
ERLANG_PORT_MAPPER = 23
REDIS = 24
HIGHEST_OFFSET = REDIS


class OperatorError(Exception):
    """What the operator is told in one sentence, without a trace."""


@dataclass(frozen=True, slots=True)
class Home:
    """One suite's folder and the first of its ports; several stand side by side."""

    path: Path
    port_base: int

    @classmethod
    def from_environment(cls) -> "Home":
        """Reads MARKETHALL_HOME (`.run`) and MARKETHALL_PORT_BASE (8000).

        Raises:
            OperatorError: the port base is no number between 1024 and 65511.
        """
        path = Path(os.environ.get("MARKETHALL_HOME") or REPOSITORY / ".run").expanduser().resolve()
        text = os.environ.get("MARKETHALL_PORT_BASE") or str(DEFAULT_PORT_BASE)
        if not text.isdecimal() or not 1024 <= int(text) <= 65535 - HIGHEST_OFFSET:
            raise OperatorError(f"MARKETHALL_PORT_BASE must be a number from 1024 to 65511, not {text!r}.")
        return cls(path, int(text))

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    def port(self, offset: int) -> int:
        return self.port_base + offset

    def service_url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port(SERVICES[name].port_offset)}"

    def log(self, process: str) -> Path:
        return self.logs / f"{process}.log"

    def make(self) -> None:
        """Makes the folders; the home is closed to other users of the machine."""
        for folder in (self.path, self.data, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lets one `up`, `down` or `reset` of this home at a time work; the next waits its turn."""
        self.make()
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def remembered(self) -> dict[str, str]:
        """What outlives `down`, beside data and secrets: the default tenant, say."""
        try:
            return dict(json.loads((self.path / "remembered.json").read_text()))
        except FileNotFoundError:
            return {}

    def remember(self, key: str, value: str) -> None:
        """Keeps one setting for every later `up` of this home."""
        self.make()
        kept = {**self.remembered(), key: value}
        replacement = self.path / "remembered.json.new"
        replacement.write_text(json.dumps(kept, indent=1) + "\n")
        replacement.replace(self.path / "remembered.json")
