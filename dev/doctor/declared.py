"""The indexes that the code declares, read from the store room of each service."""

import importlib
import pkgutil
from types import ModuleType
from typing import Any

from pymongo import IndexModel

from common.mongo.indexes import COMMON, OUTBOX_INDEX
from common.mongo.store import Store

Declared = dict[str, dict[str, dict[str, Any]]]
"""Collection, then index name, then its specification."""


def declared_indexes(service: str) -> Declared:
    """What the service makes at its start; see `common.mongo.indexes.ensure_indexes`."""
    found: Declared = {}
    for collection, indexes in COMMON.items():
        _add(found, collection, indexes)
    for module in _store_modules(service):
        for collection, indexes in _tables(module).items():
            _add(found, collection, indexes)
        if isinstance(getattr(module, "COLLECTION", None), str):
            _add(found, module.COLLECTION, getattr(module, "INDEXES", []))
        for each in vars(module).values():
            named = getattr(each, "COLLECTION", None)
            if isinstance(each, type) and isinstance(named, str):
                outbox = [OUTBOX_INDEX] if issubclass(each, Store) else []
                _add(found, named, [*outbox, *getattr(each, "INDEXES", [])])
    return found


def _tables(module: ModuleType) -> dict[str, list[IndexModel]]:
    """`INDEXES` by collection, where a store room names them in one table."""
    table = getattr(module, "INDEXES", None)
    return table if isinstance(table, dict) else {}


def _store_modules(service: str) -> list[ModuleType]:
    room = importlib.import_module(f"services.{service}.store")
    paths = getattr(room, "__path__", None)
    names = [each.name for each in pkgutil.iter_modules(paths)] if paths else []
    return [room, *(importlib.import_module(f"{room.__name__}.{name}") for name in names)]


def _add(found: Declared, collection: str, indexes: list[IndexModel]) -> None:
    for index in indexes:
        found.setdefault(collection, {})[str(index.document["name"])] = dict(index.document)
