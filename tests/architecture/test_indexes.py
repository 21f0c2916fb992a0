"""Every declared index can be used by the queries that it is there for."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import IndexModel

import services


def declared() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every index that a module of a service names, by that module and its name."""
    for found in pkgutil.walk_packages(services.__path__, "services."):
        if ".store" not in found.name:
            continue
        module = importlib.import_module(found.name)
        lists = [value for value in vars(module).values() if isinstance(value, list)]
        lists += [value.INDEXES for value in vars(module).values() if hasattr(value, "INDEXES")]
        for index in (each for some in lists for each in some if isinstance(each, IndexModel)):
            yield f"{found.name}:{index.document['name']}", index.document


INDEXES = dict(declared())


def test_they_are_found() -> None:
    assert len(INDEXES) > 100


@pytest.mark.parametrize("name", [name for name, index in INDEXES.items() if "partialFilterExpression" in index])
def test_a_partial_one_is_found_by_equality(name: str) -> None:
    """MongoDB takes ``{field: "x"}`` for a part of ``{$gt: ""}``, but of ``{$type: "string"}`` never: it then reads all
    documents of the company, or of all companies."""
    conditions = INDEXES[name]["partialFilterExpression"].values()
    assert {"$type": "string"} not in conditions
