"""`dead`: what failed for good in each service, with its reason; `--replay` sends it again."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity
from rich.console import Console
from rich.table import Table

from common.messaging.topology import dead_queue
from common.suite import SERVICES
from dev.home import Home, OperatorError
from dev.secret_store import SecretStore

LARGEST_LIST = 10_000
ASK_SECONDS = 10.0

Dead = list[dict[str, Any]]


def dead(home: Home, console: Console, service: str | None, *, replay: bool, as_json: bool) -> int:
    """Lists, or sends again, the dead letters of one service or of all; returns 0 when none is left.

    Raises:
        OperatorError: an unknown service, or no broker.
    """
    if service is not None and service not in SERVICES:
        raise OperatorError(f"There is no service {service!r}: choose from {', '.join(SERVICES)}.")
    amqp_url = SecretStore(home.secrets).find("address.amqp")
    if amqp_url is None:
        raise OperatorError("Nothing was started here yet: start it with ./markethall up.")
    services = [service] if service else list(SERVICES)
    try:
        found = asyncio.run(collect(amqp_url, services, replay=replay))
    except (AMQPError, OSError, TimeoutError) as error:
        raise OperatorError(f"The broker does not answer ({error!r}): is the suite up?") from error
    if as_json:
        print(json.dumps({"replayed": replay, "dead": found}, indent=1))
    else:
        _show(console, found, replay=replay)
    return 0 if replay or not found else 1


async def collect(
    amqp_url: str, services: list[str], *, replay: bool, chosen: Callable[[Any], bool] = lambda event: True
) -> Dead:
    """One entry an event; what is only listed goes back to its queue unchanged, and so does every message of which
    no event is ``chosen``: it is neither told nor sent again.
    """
    connection = await aio_pika.connect(amqp_url, timeout=ASK_SECONDS)
    async with connection:
        found: Dead = []
        for service in services:
            async with connection.channel(publisher_confirms=True, on_return_raises=True) as channel:
                try:
                    queue = await channel.declare_queue(dead_queue(service), passive=True)
                except ChannelNotFoundEntity:
                    continue
                found += await _take(channel, queue, service, replay=replay, chosen=chosen)
        return found


async def _take(
    channel: aio_pika.abc.AbstractChannel,
    queue: aio_pika.abc.AbstractQueue,
    service: str,
    *,
    replay: bool,
    chosen: Callable[[Any], bool],
) -> Dead:
    """Takes every message without an ack; a closed channel gives back what was not sent again."""
    found: Dead = []
    held: list[AbstractIncomingMessage] = []
    meant: set[int] = set()
    while len(held) < LARGEST_LIST:
        message = await queue.get(fail=False, timeout=ASK_SECONDS)
        if message is None:
            break
        held.append(message)
        events = events_in(message.body)
        if not events or any(chosen(event) for event in events):
            meant.add(len(held))
            found += describe(service, message.body, message.headers)
    for number, message in enumerate(held, 1):
        if replay and number in meant:
            await channel.default_exchange.publish(_again(message), service, timeout=ASK_SECONDS)
            await message.ack()
        else:
            await message.reject(requeue=True)
    return found


def _again(message: AbstractIncomingMessage) -> aio_pika.Message:
    """The same body as a first attempt: its headers, which count and tell the failures, stay behind."""
    return aio_pika.Message(
        message.body,
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


def events_in(body: bytes) -> list[Any]:
    """What stands in a message as its events; one thing that is none where it cannot be read."""
    try:
        events = json.loads(body)
    except ValueError:
        events = None
    return events if isinstance(events, list) else [None]


def describe(service: str, body: bytes, headers: Mapping[str, Any]) -> Dead:
    """What is known of each event of one dead message; what cannot be read is an entry without an id."""
    attempts = str(headers.get("x-attempt"))
    known = {
        "service": service,
        "reason": str(headers.get("x-reason") or _broker_reason(headers)),
        "attempts": int(attempts) if attempts.isdecimal() else 0,
    }
    events = events_in(body)
    if events == [None]:
        return [{**known, "id": None, "type": None, "time": None}]
    fields = ("id", "type", "time", "subject")
    read = [each if isinstance(each, dict) else {} for each in events]
    return [{**known, **{field: each.get(field) for field in fields}} for each in read]


def _broker_reason(headers: Mapping[str, Any]) -> str:
    return str(headers.get("x-first-death-reason") or "not given")


def _show(console: Console, found: Dead, *, replay: bool) -> None:
    if not found:
        console.print("No dead letters.")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("service", "type", "event", "time", "tries", "reason"):
        table.add_column(column, overflow="fold")
    for each in found:
        cells = (each["service"], each["type"], each["id"], each["time"], each["attempts"], each["reason"])
        table.add_row(*("–" if cell is None else str(cell) for cell in cells))
    console.print(table)
    console.print(f"{len(found)} {'sent again' if replay else 'dead; --replay sends them again'}.")
