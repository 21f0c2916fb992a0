"""`test`: every check and every test, from nothing, beside whatever else runs on this machine."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from dev.down import end_all
from dev.home import HIGHEST_OFFSET, REPOSITORY, Home, OperatorError
from dev.secret_store import SecretStore
from dev.suite import Selection
from dev.supervisor.client import SupervisorClient
from dev.up import is_free, up

WORKERS = 2
FIRST_PORT_BASE = 18000
PORT_BASE_STEP = 100
TESTED_ROWS = "1-2,7-9,11-12,14-27,29,32-33,35-38"
"""Those that were green each time; the clock judges 3, 31 and 34, and 4, 13 and 28 are long."""

ADMINISTRATOR_SERVERS = ("MONGO_URL", "AMQP_URL", "REDIS_URL", "MARKETHALL_AMQP_MANAGEMENT_URL")
PROVIDERS = (
    "STRIPE_API_KEY", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRET", "SMTP_HOST",
    "PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_SECRET", "PAYPAL_API_BASE", "PAYPAL_WEBHOOK_ID",
    "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM", "TWILIO_API_BASE",
    "FIREBASE_CREDENTIALS", "FIREBASE_FCM_URL",
)  # fmt: skip
SUITE = (
    "MARKETHALL_ADMIN_EMAIL", "MARKETHALL_ADMIN_PASSWORD", "MARKETHALL_CLOCK_OFFSET_SECONDS",
    "MARKETHALL_DATABASE_PREFIX", "MARKETHALL_DEFAULT_TENANT",
)  # fmt: skip

# The suite's gateway lets one address sign in often: all its people come from this machine.
# The tests of the limits themselves run gateways of their own, which keep the usual ones.
SIGN_INS = {
    "MARKETHALL_SIGN_IN_LIMIT": "6000/m;burst=6000",
    "MARKETHALL_SIGN_IN_TENANT_LIMIT": "6000/m;burst=6000",
}


def test(console: Console, pytest_arguments: list[str]) -> int:
    """Checks, then tests on a suite of their own; returns the first failing check's code, or pytest's."""
    failed = static_checks(console)
    if failed:
        return failed
    with own_suite(console, SIGN_INS) as home:
        failed = _run(
            [sys.executable, "-m", "pytest", "-n", str(WORKERS), "--dist", "loadfile", *pytest_arguments],
            {**os.environ, **test_environment(home)},
        )
    if failed or pytest_arguments:
        return failed
    return _run([sys.executable, "-m", "dev", "prove", "--scale", "small", "--rows", TESTED_ROWS], dict(os.environ))


def static_checks(console: Console) -> int:
    """Style, types and layers; returns 0, or the code of the first that fails."""
    tools = Path(sys.executable).parent
    checks = {
        "ruff": [str(tools / "ruff"), "check", "."],
        "mypy": [sys.executable, "-m", "mypy"],
        "import-linter": [str(tools / "lint-imports"), "--no-cache"],
    }
    for name, command in checks.items():
        code = _run(command, dict(os.environ))
        if code:
            console.print(f"[red]{name} failed[/red]")
            return code
    return 0


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Runs in the foreground; an interrupt reaches the child too, which then is waited for."""
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment) as process:
        try:
            return process.wait()
        except BaseException:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise


@contextmanager
def own_suite(console: Console, settings: Mapping[str, str], *, prefix: str = ".run-test-") -> Iterator[Home]:
    """A whole suite in a home of its own, which is gone afterwards; ``settings`` reach every service.

    Whoever asked for it may be terminated as well as interrupted: the suite ends first.
    """
    _leave_the_operators_servers()
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=REPOSITORY))
    home = Home(folder, free_port_base())
    try:
        with _interrupted_by_termination(), _shell_of(home, settings):
            up(home, Selection(), console)
            yield home
    finally:
        client = SupervisorClient(home)
        if client.is_running():
            # Pytest's closing line stays the last one.
            end_all(client, Console(quiet=True))
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _shell_of(home: Home, settings: Mapping[str, str]) -> Iterator[None]:
    """This process's environment as an operator of that home would have it, and as it was afterwards."""
    before = dict(os.environ)
    os.environ.update(settings)
    os.environ["MARKETHALL_HOME"] = str(home.path)
    os.environ["MARKETHALL_PORT_BASE"] = str(home.port_base)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def test_environment(home: Home) -> dict[str, str]:
    """What tests are told of the suite that runs for them, its administrators included."""
    secrets = SecretStore(home.secrets)
    return {
        "MARKETHALL_TEST_HOME": str(home.path),
        "MARKETHALL_TEST_PORT_BASE": str(home.port_base),
        "MARKETHALL_TEST_GATEWAY_URL": home.service_url("gateway"),
        "MARKETHALL_TEST_MONGO_URL": secrets.get("address.mongo"),
        "MARKETHALL_TEST_AMQP_URL": secrets.get("address.amqp"),
        "MARKETHALL_TEST_AMQP_MANAGEMENT_URL": secrets.get("address.management"),
        "MARKETHALL_TEST_ADMIN_EMAIL": secrets.get("administrator.email"),
        "MARKETHALL_TEST_ADMIN_PASSWORD": secrets.get("administrator.password"),
    }


def _leave_the_operators_servers() -> None:
    """Tests never touch the servers, providers or tenants that the operator's shell names."""
    for name in (*ADMINISTRATOR_SERVERS, *PROVIDERS, *SUITE):
        os.environ.pop(name, None)


def free_port_base() -> int:
    """A hundred of ports in which all that a suite needs are free; two runs at once begin apart.

    Raises:
        OperatorError: none is.
    """
    bases = list(range(FIRST_PORT_BASE, 32000, PORT_BASE_STEP))
    own = os.getpid() % len(bases)
    for base in bases[own:] + bases[:own]:
        if all(is_free(base + offset) for offset in range(HIGHEST_OFFSET + 1)):
            return base
    raise OperatorError("No hundred free ports were found between 18000 and 32000 for the tests.")


@contextmanager
def _interrupted_by_termination() -> Iterator[None]:
    """SIGTERM is KeyboardInterrupt inside, so that every ``finally`` on the way out is reached."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
