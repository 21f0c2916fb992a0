"""Run one service: ``python -m common.serve sales``."""

import importlib
import os
import socket
import sys
from collections.abc import Callable
from functools import partial

import uvicorn
from fastapi import FastAPI

from common.memory import share_one_arena
from common.open_files import allow_many
from common.settings import ServiceSettings
from common.web.connections import BoundedConnection
from common.web.leaving import LeavingServer

BACKLOG = 1024
KEEP_ALIVE_SECONDS = 75


def run(name: str) -> None:
    """Serve until SIGTERM: then no new connections, what is under way ends, background work drains."""
    prepare(name)()


def prepare(name: str) -> Callable[[], None]:
    """Read the settings and build the application; what is returned serves it. Opens nothing.

    A fork server calls this before the fork, so that what it touches is not copied into each process.
    """
    os.environ.setdefault("MARKETHALL_SERVICE", name)
    module = importlib.import_module(f"services.{name}.app")
    settings: ServiceSettings = module.settings()
    return partial(_serve, name, settings, module.create_app(settings))


def _serve(name: str, settings: ServiceSettings, app: FastAPI) -> None:
    share_one_arena()
    allow_many()
    config = uvicorn.Config(
        app,
        log_config=None,
        backlog=BACKLOG,
        access_log=False,
        lifespan="on",
        http=BoundedConnection,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.drain_seconds,
        server_header=False,
        date_header=False,
        proxy_headers=False,  # a forged X-Forwarded-For must not become the caller's address
        ws="common.web.sockets:BoundedSocket" if name in ("gateway", "realtime") else "none",
    )
    LeavingServer(config).run(sockets=[_listen(settings.host, settings.listen_port)])


def _listen(host: str, port: int) -> socket.socket:
    """A shared port: a new copy starts before the old one stops, and N copies stand side by side.

    Where a copy serves already, this one opens its door when it is ready; where none does, callers wait in line.
    """
    is_served = _is_served(host, port)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    if not is_served:
        listener.listen(BACKLOG)
    return listener


def _is_served(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1" if host == "0.0.0.0" else host, port)) == 0


if __name__ == "__main__":
    run(sys.argv[1])
