"""The README's way from clone to a first order, command by command, in a suite of its own."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.testing import free_port_base
from tests.e2e.conftest import ROOT

pytestmark = pytest.mark.timeout(420)

SHORT_DEMO = {"MARKETHALL_DEMO_SECONDS": "5", "MARKETHALL_DEMO_PRODUCTS": "60"}


def commands() -> list[str]:
    """The shell blocks of the section that takes a newcomer in."""
    text = (ROOT / "README.md").read_text()
    section = text.split("## From clone to your first order")[1].split("\n## ")[0]
    return [block.strip() for block in re.findall(r"```sh\n(.*?)```", section, re.S)]


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An empty folder and ports of its own; the suite is ended afterwards."""
    folder = tmp_path_factory.mktemp("newcomer")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MARKETHALL_")}
    environment = {
        **inherited,
        **SHORT_DEMO,
        "MARKETHALL_HOME": str(folder / "home"),
        "MARKETHALL_PORT_BASE": str(free_port_base()),
        "PWD": str(folder),
    }
    yield environment
    subprocess.run(
        [sys.executable, "-m", "dev", "reset"], cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120
    )


class TestFirstOrder:
    def test_takes_five_commands(self, newcomer: dict[str, str]) -> None:
        blocks = commands()
        assert len(blocks) == 5
        script = "\n".join(["set -euo pipefail", *blocks])
        script = script.replace("<this repository>", shlex.quote(f"file://{ROOT}"))
        script = script.replace("localhost:8000", f"localhost:{newcomer['MARKETHALL_PORT_BASE']}")
        run = subprocess.run(
            ["bash", "-c", script], cwd=Path(newcomer["PWD"]), env=newcomer, capture_output=True, text=True, timeout=400
        )
        assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
        order = json.loads(run.stdout.strip().splitlines()[-1])
        assert (order["status"], order["paymentStatus"]) == ("confirmed", "paid")
