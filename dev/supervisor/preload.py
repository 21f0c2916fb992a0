"""What every fork shares, and when a fork must not share it: after an edit, a fresh interpreter starts."""

import ctypes
import gc
import importlib
import linecache
import os
import ssl
import sys
import time
import traceback

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from common.suite import SERVICES

FRAMEWORKS = (
    "aio_pika", "aiohttp", "anyio._backends._asyncio", "anyio.streams.stapled", "anyio.streams.tls",
    "email_validator", "fastapi", "firebase_admin.messaging", "h11",
    "httpcore2", "httptools", "httpx2", "jwt", "passlib.hash", "paypalserversdk.paypal_serversdk_client",
    "phonenumbers", "prometheus_client", "pydantic", "pydantic_settings", "pymongo",
    "pymongo.asynchronous.auth", "pymongo.saslprep", "pymongo.settings_shared", "stripe", "structlog",
    "throttled", "truststore", "uvicorn", "uvicorn.lifespan.on", "uvicorn.loops.auto", "uvicorn.protocols.http.auto",
    "uvloop", "websockets",
)  # fmt: skip
STACKED = (
    "asyncio.base_events", "asyncio.runners", "common.mongo.client", "common.runtime", "common.serve",
    "common.web.application", "common.web.middleware", "contextlib", "dev.supervisor.call",
    "dev.supervisor.server", "dev.supervisor.spawn", "fastapi._body_limit", "fastapi.applications",
    "fastapi.middleware.asyncexitstack", "fastapi.routing", "fastapi.telemetry._asgi",
    "fastapi.telemetry._runtime", "pymongo.asynchronous.mongo_client", "pymongo.asynchronous.settings",
    "starlette.applications", "starlette.middleware.errors", "starlette.middleware.exceptions",
    "starlette.routing", "uvicorn._compat", "uvicorn.lifespan.on", "uvicorn.server",
)  # fmt: skip
POOL_BYTES = 16 * 1024
MOST_FILLING = 5_000
OWN_PACKAGES = ("common.", "services.", "dev.sandbox.")


class Preloaded:
    """The imports of this process that forks may use."""

    def __init__(self) -> None:
        self._at = 0.0
        self._broken: set[str] = set()
        self._sources: list[str] = []
        self._filling: list[bytes] = []

    def load(self) -> None:
        """Imports the frameworks and every service once, and shields them from the garbage collector.

        Raises:
            RuntimeError: an import left a thread behind, which no fork would have.
        """
        if self._at:
            return
        self._at = time.time()
        for module in FRAMEWORKS:
            importlib.import_module(module)
        self._try("sandbox", "dev.sandbox.serve")
        for name in SERVICES:
            self._try(name, f"services.{name}.app")
        importlib.import_module("common.serve")
        if len(os.listdir("/proc/self/task")) != 1:
            raise RuntimeError("a preloaded module started a thread")
        _warm()
        # Listed now: a look at every module at each fork would write to pages that earlier forks share.
        self._sources = sorted(_own_sources())
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        self._filling = _fill_pools()
        gc.freeze()

    def is_good_for(self, group: str) -> bool:
        """Whether a fork would run what stands in the files now."""
        return self._at > 0 and group not in self._broken and not self._is_outdated()

    def _try(self, group: str, module: str) -> None:
        try:
            importlib.import_module(module)
        except Exception:  # noqa: BLE001 - its own process meets the same error and logs it
            traceback.print_exc()
            self._broken.add(group)

    def _is_outdated(self) -> bool:
        return any(changed_at(path) > self._at for path in self._sources)


def _own_sources() -> set[str]:
    return {
        path
        for name, module in sys.modules.items()
        if name.startswith(OWN_PACKAGES) and (path := getattr(module, "__file__", None))
    }


def _warm() -> None:
    """Does what every service would do once, each in memory of its own, so that it is shared instead."""
    Ed25519PrivateKey.from_private_bytes(bytes(32))
    ssl.create_default_context()
    # The database driver notes the stack that made its client, which reads these sources.
    for module in STACKED:
        if path := getattr(sys.modules.get(module), "__file__", None):
            linecache.getlines(path)


def _fill_pools() -> list[bytes]:
    """Fills the holes among our small objects, so that what a fork makes lies on pages of its own.

    A hole is full when blocks of its size come one after another through whole fresh pools of 16 KiB.
    """
    filling: list[bytes] = []
    overhead = sys.getsizeof(b"")
    for size in range(48, 513, 16):
        fresh, run = 0, 0
        for _ in range(MOST_FILLING):
            filling.append(bytes(size - overhead))
            follows = len(filling) > 1 and id(filling[-1]) == id(filling[-2]) + size
            run = run + 1 if follows else 0
            if run >= POOL_BYTES // size - 2:
                fresh, run = fresh + 1, 0
            if fresh == 2:
                break
    return filling


def changed_at(path: str) -> float:
    """When this source was last written; what is gone counts as changed."""
    try:
        return os.stat(path).st_mtime
    except FileNotFoundError:
        return float("inf")
