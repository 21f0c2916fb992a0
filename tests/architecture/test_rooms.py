"""Whoever knows one service knows all: the same rooms in each."""

from common.suite import SERVICES
from tests.architecture.conftest import ROOT, parsed, source_files

ROOMS = ("app", "settings", "routes", "schemas", "handlers", "service", "domain", "store")
WITHOUT = {"gateway": {"store", "handlers"}}
"""The gateway stores nothing and handles no event of a queue."""

SECTIONS = ("**Owns**", "**Publishes**", "**Consumes**", "**Invariants**", "**Never**")


class TestRooms:
    def test_are_all_there(self, service_name: str) -> None:
        folder = ROOT / "services" / service_name
        missing = [
            room
            for room in ROOMS
            if room not in WITHOUT.get(service_name, set())
            and not (folder / f"{room}.py").exists()
            and not (folder / room / "__init__.py").exists()
        ]
        assert missing == []

    def test_hold_nothing_else(self, service_name: str) -> None:
        folder = ROOT / "services" / service_name
        known = {*ROOMS, "clients", "__init__"}
        found = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
        assert found - known == set()

    def test_are_explained(self, service_name: str) -> None:
        text = (ROOT / "services" / service_name / "README.md").read_text()
        assert [section for section in SECTIONS if section not in text] == []
        assert len(text.splitlines()) <= 60, "one screen"

    def test_belong_to_services_of_the_suite(self) -> None:
        folders = {path.name for path in (ROOT / "services").iterdir() if (path / "__init__.py").exists()}
        assert folders == set(SERVICES)


class TestComposition:
    def test_is_short(self, service_name: str) -> None:
        path = ROOT / "services" / service_name / "app.py"
        assert len(path.read_text().splitlines()) <= 60

    def test_is_documented(self) -> None:
        import ast

        silent = [str(path.relative_to(ROOT)) for path in source_files("services", "libs") if path.stat().st_size]
        silent = [name for name in silent if ast.get_docstring(parsed(ROOT / name)) is None]
        assert [name for name in silent if not name.endswith("__init__.py")] == []
