"""The pages' examples do what the pages say: the guide from top to bottom, and what the operator's page shows."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.conftest import ROOT, Market, eventually, required

pytestmark = [pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

BLOCK = re.compile(r"```(sh|python|json)\n(.*?)```", re.S)


def blocks(page: str) -> list[tuple[str, str]]:
    """Language and text of each example of a page."""
    found = BLOCK.findall((ROOT / page).read_text())
    assert found, page
    return [(str(language), str(text)) for language, text in found]


def here(text: str) -> str:
    """The example against the suite of this run."""
    base = int(required("MARKETHALL_TEST_PORT_BASE"))
    moved = re.sub(r"localhost:80(\d\d)", lambda port: f"localhost:{base + int(port[1])}", text)
    return moved.replace("./markethall", f"{sys.executable} -m dev")


def run(script: str, folder: Path, **environment: str) -> str:
    """The script's output. Fails with it when the script does."""
    own = {
        **os.environ,
        "MARKETHALL_HOME": required("MARKETHALL_TEST_HOME"),
        "MARKETHALL_PORT_BASE": required("MARKETHALL_TEST_PORT_BASE"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        **environment,
    }
    told = subprocess.run(["bash", "-c", script], cwd=ROOT, env=own, capture_output=True, text=True, timeout=200)
    (folder / "output").write_text(told.stdout)
    assert told.returncode == 0, (told.stdout[-2000:], told.stderr[-3000:])
    return told.stdout


class TestGuide:
    async def test_runs_from_top_to_bottom(self, market: Market, tmp_path: Path) -> None:
        admin = market.admin
        me = await admin.get("/api/auth/me")
        steps = []
        for number, (language, text) in enumerate(blocks("docs/api-guide.md")):
            if language == "python":
                program = tmp_path / f"step{number}.py"
                program.write_text(here(text))
                text = f"export GATEWAY TOKEN PRODUCT\npython3 {program}\n"
            steps.append(f"echo '# step {number}' >&2\n" + here(text))
        script = "\n".join(["set -euo pipefail", *steps])
        told = run(script, tmp_path, EMAIL=me["user"]["email"], PASSWORD=market.password)
        assert len(steps) == 11
        for expected in ("permission_denied", "paid", "APPROVED", "markethall-verification=", "leaks: 0"):
            assert expected in told, expected


class TestOperationsPage:
    async def test_shows_commands_that_work(self, tmp_path: Path) -> None:
        scripts = [here(text) for language, text in blocks("docs/operations.md") if language == "sh"]
        run("\n".join(["set -euo pipefail", *scripts]), tmp_path)

    async def test_shows_a_log_line_as_it_is(self, market: Market) -> None:
        shown = [json.loads(text) for language, text in blocks("docs/operations.md") if language == "json"]
        request_id = f"req_guide{os.getpid()}"
        async with httpx2.AsyncClient(base_url=market.admin.base_url) as client:
            await client.post("/api/auth/login", json={}, headers={"x-request-id": request_id})

        async def written() -> list[dict[str, Any]]:
            lines = (Path(required("MARKETHALL_TEST_HOME")) / "logs/auth.log").read_text().splitlines()
            return [json.loads(line) for line in lines if request_id in line]

        line = (await eventually(written, bool))[-1]
        assert set(line) <= set(shown[0])
        assert (line["event"], line["status"]) == ("request", 422)
