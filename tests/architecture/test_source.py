"""What must not stand in the source: floats near money, clocks of one's own, overgrown files."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.conftest import ROOT, parsed, source_files

LONGEST_FILE = 400
LONGEST_FUNCTION = 60

CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time"), ("time", "time_ns")}
OWN_CLOCK = {
    "libs/common/clock.py",
    "libs/common/ids.py",  # identifiers sort by the machine's time and decide nothing
    "libs/common/identity/service_tokens.py",  # tokens live by the verifier's wall clock (RFC 7519)
    "libs/common/identity/tokens.py",
    "libs/common/testing/harness.py",
}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def near_money() -> list[Path]:
    """Files of services that speak of money, and the money module itself."""
    files = [path for path in source_files("services") if "common.money" in path.read_text()]
    return [*files, ROOT / "libs/common/money.py"]


class TestMoney:
    def test_meets_no_float(self) -> None:
        found = []
        for path in near_money():
            for node in ast.walk(parsed(path)):
                is_literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
                is_name = isinstance(node, ast.Name) and node.id == "float"
                is_division = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
                if is_name or is_division or (is_literal and not is_pause(path, node.lineno)):
                    found.append(f"{relative(path)}:{node.lineno}")
        assert found == []


def is_pause(path: Path, line: int) -> bool:
    """Whether the line speaks of seconds: pauses and deadlines may be fractions."""
    return re.search(r"SECONDS|seconds|sleep|timeout", path.read_text().splitlines()[line - 1]) is not None


class TestClock:
    def test_is_injected(self) -> None:
        found = []
        for path in source_files("services", "libs"):
            if relative(path) in OWN_CLOCK:
                continue
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    owner = node.func.value
                    name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                    if (name, node.func.attr) in CLOCKS:
                        found.append(f"{relative(path)}:{node.lineno}")
        assert found == []


class TestSize:
    def test_of_functions_is_bounded(self) -> None:
        long = [
            f"{relative(path)}:{node.lineno} {node.name} ({lines})"
            for path in source_files("services", "libs", "dev")
            for node, lines in functions(path)
            if lines > LONGEST_FUNCTION
        ]
        assert long == []

    def test_of_files_is_bounded(self) -> None:
        long = [relative(path) for path in source_files("services", "libs", "dev") if count(path) > LONGEST_FILE]
        assert long == []

    def test_is_reported(self, capsys: pytest.CaptureFixture[str]) -> None:
        files = source_files("services", "libs", "dev")
        sizes = sorted((count(path) for path in files if path.stat().st_size), reverse=True)
        lengths = sorted((lines for path in files for _, lines in functions(path)), reverse=True)
        report = (
            f"{len(sizes)} files, median {sizes[len(sizes) // 2]} lines, longest {sizes[0]}; "
            f"{len(lengths)} functions, median {lengths[len(lengths) // 2]} lines, longest {lengths[0]}"
        )
        with capsys.disabled():
            print(f"\n[sizes] {report}")
        assert sizes[len(sizes) // 2] <= 120


def functions(path: Path) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, (node.end_lineno or node.lineno) - node.lineno + 1


def count(path: Path) -> int:
    return len(path.read_text().splitlines())


class TestRepository:
    def test_holds_no_registry_address_and_no_path_of_a_machine(self) -> None:
        hosts = ("py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.(org|com)", "deb" + r"\.debian")
        address = re.compile("|".join([*hosts, "/".join(["", "work", "(main|shared)"])]))
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        found = []
        for name in listed.splitlines():
            path = ROOT / name
            if path.suffix in (".py", ".md", ".toml", ".txt", ".yml", ".json", "") and path.is_file():
                found += [name] if address.search(path.read_text(errors="replace")) else []
        assert found == []

    def test_passes_over_no_error_in_silence(self) -> None:
        found = []
        for path in source_files("services", "libs", "dev"):
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.ExceptHandler) and all(isinstance(s, ast.Pass) for s in node.body):
                    found.append(f"{relative(path)}:{node.lineno}")
        assert found == []
