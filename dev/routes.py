"""`routes`: every address of the suite with its permission, its other names, and what is not built yet."""

import importlib
import json
import os
from typing import Any

from fastapi import FastAPI
from rich.console import Console

from common.suite import SERVICES
from common.web.route_table import route_lines
from services.gateway.domain.aliases import ALIASES, NOT_BUILT_YET
from services.gateway.domain.destinations import SOCKETS, service_for

_NOWHERE = {"MONGO_URL": "mongodb://127.0.0.1:1", "AMQP_URL": "amqp://127.0.0.1:1"}


def applications() -> dict[str, FastAPI]:
    """Each service as an application; nothing is opened before a lifespan runs."""
    built: dict[str, FastAPI] = {}
    before = dict(os.environ)
    for name in SERVICES:
        os.environ.update({**_NOWHERE, "MARKETHALL_SERVICE": name, "MARKETHALL_ENVIRONMENT": "development"})
        try:
            module = importlib.import_module(f"services.{name}.app")
            built[name] = module.create_app(module.settings())
        finally:
            os.environ.clear()
            os.environ.update(before)
    return built


def listing() -> dict[str, Any]:
    """``routes``, ``aliases`` and ``notBuiltYet``, for programs."""
    routes = [
        {
            "method": line.method,
            "path": line.path,
            "service": name,
            "permissions": list(line.permissions),
            "public": _is_public(name, line.path),
        }
        for name, app in applications().items()
        for line in route_lines(app)
    ]
    aliases = [_split(alias.known) | {"canonical": alias.canonical} for alias in ALIASES]
    return {
        "routes": sorted(routes, key=lambda route: (route["path"], route["method"])),
        "aliases": sorted(aliases, key=lambda alias: (alias["path"], alias["method"])),
        "notBuiltYet": [_split(known) for known in NOT_BUILT_YET],
    }


def show(console: Console, *, as_json: bool) -> int:
    """Print all of it."""
    told = listing()
    if as_json:
        print(json.dumps(told, indent=1))
        return 0
    public = [route for route in told["routes"] if route["public"]]
    _print(
        console,
        f"{len(public)} routes: method, path, service, permission",
        [(each["method"], each["path"], each["service"], " or ".join(each["permissions"])) for each in public],
    )
    _print(
        console,
        f"{len(told['aliases'])} other names: method, path, what they stand for",
        [(each["method"], each["path"], each["canonical"]) for each in told["aliases"]],
    )
    _print(
        console,
        f"{len(told['notBuiltYet'])} not built yet (501 not_built_yet): method, path",
        [(each["method"], each["path"]) for each in told["notBuiltYet"]],
    )
    return 0


def _is_public(service: str, path: str) -> bool:
    return service == "gateway" or path in SOCKETS or service_for(path) == service


def _split(known: str) -> dict[str, str]:
    method, _, path = known.partition(" ")
    return {"method": method, "path": path}


def _print(console: Console, title: str, rows: list[tuple[str, ...]]) -> None:
    """Columns as wide as they need, never cut: the lines are for reading and for grep."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    console.print(f"[bold]{title}[/bold]")
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        console.print(line.rstrip(), markup=False, soft_wrap=True)
    console.print()
