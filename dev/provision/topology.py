"""The whole topology, declared with the administrator before any service starts."""

import asyncio
import importlib
import importlib.util
import time
from collections.abc import Mapping
from typing import Any

from aio_pika.exceptions import AMQPError

from common.messaging import topology
from common.suite import SERVICES
from dev.home import OperatorError

DECLARE_SECONDS = 60.0
POLL_SECONDS = 0.2

WATCHERS = ("audit", "analytics", "realtime")
"""Those who read the feed: a queue of theirs would only fill up."""


def handled_types() -> dict[str, list[str]]:
    """The event types of each acting service's visible inbox, `services.<name>.handlers.HANDLERS`."""
    types = {}
    for name in SERVICES:
        module = f"services.{name}.handlers"
        if name in WATCHERS or not _exists(f"services.{name}") or not _exists(module):
            continue
        table = _import(module).get("HANDLERS", {})
        if table:
            types[name] = [model.TYPE for model in table]
    return types


def grants() -> dict[str, topology.Permissions]:
    """What each service may do at the broker."""
    return {name: topology.permissions(name) for name in SERVICES}


def declare(amqp_url: str, types: Mapping[str, list[str]]) -> None:
    """Declares exchanges, queues, bindings and the feed.

    Raises:
        OperatorError: the broker did not take them in time.
    """
    until = time.monotonic() + DECLARE_SECONDS
    while True:
        try:
            asyncio.run(topology.declare_all(amqp_url, types))
            return
        except (AMQPError, OSError, TimeoutError) as error:
            # A broker that answers may still be electing the leaders of its queues and streams.
            if time.monotonic() > until:
                raise OperatorError(f"The broker's queues could not be declared: {error}") from error
            time.sleep(POLL_SECONDS)


def _import(module: str) -> dict[str, Any]:
    try:
        return vars(importlib.import_module(module))
    except Exception as error:
        raise OperatorError(f"{module} cannot be imported: {error!r}") from error


def _exists(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
