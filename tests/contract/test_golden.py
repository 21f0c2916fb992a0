"""Golden contracts: adding passes; removing or renaming what clients rely on fails.

After a deliberate addition: ``python -m dev.documents``. A removal needs a new version of the document.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.suite import SERVICES
from dev.documents import event_schemas, openapi_documents

GOLDEN = Path(__file__).parent / "golden"
FREE_TEXT = {"description", "summary", "title", "examples", "example", "default"}


def missing(golden: Any, current: Any, path: str = "") -> Iterator[str]:
    """What stands in ``golden`` and no longer in ``current``."""
    if isinstance(golden, dict):
        for name, value in golden.items():
            if name in FREE_TEXT and not isinstance(value, dict):
                continue
            if not isinstance(current, dict) or name not in current:
                yield f"{path}/{name}"
            else:
                yield from missing(value, current[name], f"{path}/{name}")
    elif isinstance(golden, list):
        if path.endswith("/required"):
            return
        for value in golden:
            if not isinstance(current, list) or (not isinstance(value, dict | list) and value not in current):
                yield f"{path}: {value}"
    elif golden != current and not path.endswith(("/maxLength", "/maximum", "/minLength", "/minimum", "/pattern")):
        yield f"{path}: {golden} became {current}"


def newly_required(golden: Any, current: Any, path: str = "") -> Iterator[str]:
    """Request members that old clients do not send and new servers insist on."""
    if isinstance(golden, dict) and isinstance(current, dict):
        if "properties" in golden and path.endswith("In"):
            for name in set(current.get("required", ())) - set(golden.get("required", ())):
                yield f"{path}: {name}"
        for name, value in golden.items():
            yield from newly_required(value, current.get(name), f"{path}/{name}")


@pytest.fixture(scope="module")
def current() -> dict[str, dict[str, Any]]:
    return openapi_documents()


class TestOpenApi:
    @pytest.mark.parametrize("name", sorted(SERVICES))
    def test_keeps_what_clients_rely_on(self, name: str, current: dict[str, dict[str, Any]]) -> None:
        golden = json.loads((GOLDEN / "openapi" / f"{name}.json").read_text())
        assert list(missing(golden, current[name])) == []
        assert list(newly_required(golden, current[name])) == []


class TestEvents:
    def test_keep_what_consumers_rely_on(self) -> None:
        golden = json.loads((GOLDEN / "events.json").read_text())
        assert list(missing(golden, event_schemas())) == []


class TestMissing:
    def test_notices_a_removed_field(self) -> None:
        golden = {"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
        assert list(missing(golden, {"properties": {"a": {"type": "string"}}})) == ["/properties/b"]
        assert list(missing(golden, {"properties": {**golden["properties"], "c": {}}})) == []
