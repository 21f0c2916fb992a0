"""What the architecture tests look at: every service, its source files and its application."""

import ast
import importlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from fastapi import FastAPI

from common.suite import SERVICES

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = {"MONGO_URL": "mongodb://127.0.0.1:1", "AMQP_URL": "amqp://127.0.0.1:1"}


@cache
def source_files(*folders: str) -> tuple[Path, ...]:
    """Python files below these folders of the repository."""
    return tuple(sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")))


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(), str(path))


@cache
def application(name: str) -> FastAPI:
    """A service as an application; nothing is opened before its lifespan runs."""
    before = dict(os.environ)
    os.environ.update({**NOWHERE, "MARKETHALL_SERVICE": name})
    try:
        module = importlib.import_module(f"services.{name}.app")
        built: FastAPI = module.create_app(module.settings())
        return built
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(params=sorted(SERVICES))
def service_name(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param
