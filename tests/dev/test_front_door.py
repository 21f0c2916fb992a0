"""`./markethall` before there is an environment: standard library only, and a stamp that says what is there."""

import ast
import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from dev.home import REPOSITORY

FRONT_DOOR = REPOSITORY / "markethall"


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, with an environment folder of this test's own."""
    loader = importlib.machinery.SourceFileLoader("front_door", str(FRONT_DOOR))
    spec = importlib.util.spec_from_loader("front_door", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "STAMP", str(tmp_path / "stamp"))
    monkeypatch.setattr(module, "PYTHON", sys.executable)
    monkeypatch.delenv("MONGO_URL", raising=False)
    return module


class TestStamp:
    def test_nothing_made_yet_is_not_current(self, door: ModuleType) -> None:
        assert not door.is_current()

    def test_what_was_made_from_these_locks_is(self, door: ModuleType) -> None:
        Path(door.STAMP).write_text(door.stamp_of(door.lock_files(True)))
        assert door.is_current()

    def test_other_locks_are_not(self, door: ModuleType) -> None:
        Path(door.STAMP).write_text("0" * 64)
        assert not door.is_current()

    def test_a_foreign_mongodb_needs_no_wheel(self, door: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MONGO_URL", "mongodb://elsewhere/")
        Path(door.STAMP).write_text(door.stamp_of(door.lock_files(False)))
        assert door.is_current()
        assert door.MONGOD not in door.lock_files(door.wants_mongod())


class TestScript:
    def test_it_is_executable_and_needs_python_only(self) -> None:
        assert FRONT_DOOR.stat().st_mode & 0o111
        imported = {
            alias.name
            for node in ast.walk(ast.parse(FRONT_DOOR.read_text()))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert imported <= sys.stdlib_module_names

    def test_help_names_every_command(self) -> None:
        told = subprocess.run(
            [sys.executable, "-m", "dev", "--help"], capture_output=True, text=True, check=True, cwd=REPOSITORY
        ).stdout
        for command in (
            "up", "status", "logs", "restart", "stop", "start", "down", "reset", "demo", "replay", "test", "dead",
        ):  # fmt: skip
            assert f"    {command} " in told or f"    {command}\n" in told
