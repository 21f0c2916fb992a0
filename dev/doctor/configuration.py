"""Each service's settings, read as at its start."""

import contextlib
import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from common.suite import SERVICES
from dev.doctor.finding import Finding, ok, unasked, wrong
from dev.home import Home, OperatorError
from dev.provision.environments import service_environments
from dev.secret_store import SecretStore
from dev.suite import Selection, addresses

AREA = "configuration"
OFFSET = "MARKETHALL_CLOCK_OFFSET_SECONDS"


def look(home: Home) -> Iterator[Finding]:
    """What the settings of every service make of this shell and this home."""
    if not home.secrets.exists():
        yield unasked(AREA, "nothing was started in this home yet", "./markethall up")
        return
    if os.environ.get(OFFSET, "0") != "0":
        yield wrong(AREA, f"{OFFSET} puts the clocks of all services off: it is for fault tests", f"unset {OFFSET}")
    refused = 0
    for name, environment in _environments(home).items():
        reason = _refusal(name, environment)
        if reason:
            refused += 1
            yield wrong(AREA, f"{name} refuses its settings: {reason}", "correct the variable that it names")
    if not refused:
        yield ok(AREA, f"the settings of all {len(SERVICES)} services are accepted")


def _environments(home: Home) -> dict[str, dict[str, str]]:
    """As `up` would make them; on a copy of the secrets, for what is missing there is made and kept."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "secrets.json"
        shutil.copyfile(home.secrets, copy)
        copy.chmod(0o600)
        secrets = SecretStore(copy)
        return service_environments(home, secrets, addresses(home, secrets, Selection()))


def _refusal(name: str, environment: Mapping[str, str]) -> str:
    """Why the service would not start; empty where it would."""
    with _as_environment(environment):
        try:
            importlib.import_module(f"services.{name}.app").settings()
        except ValidationError as error:
            # Never the value: it may be the secret that was mistyped.
            return "; ".join(f"{'.'.join(map(str, each['loc'])) or name}: {each['msg']}" for each in error.errors())
        except (ValueError, OperatorError) as error:
            return type(error).__name__
    return ""


@contextlib.contextmanager
def _as_environment(environment: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
