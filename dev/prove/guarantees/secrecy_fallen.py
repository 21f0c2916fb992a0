"""Row 35: whoever holds one service's own credentials gets no further than that service."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlsplit

import aio_pika
import httpx2
import jwt
from aio_pika.exceptions import AMQPError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from common.encoding import from_base64url
from common.events import EVENT_MODELS
from common.messaging.topology import DEAD, EVENTS, dead_queue, read_epoch, retry_exchange
from common.suite import SERVICES
from dev.prove.guarantees.payments_provider import CALL_SECONDS
from dev.prove.rows import guarantee
from dev.prove.stage import Stage
from dev.prove.suite import ProvedSuite
from dev.provision.accounts import Account, broker_accounts, database_accounts, with_account
from dev.provision.environments import database_prefix

CONNECT_SECONDS = 15.0
UNAUTHORIZED = 13
MAY_CALL: dict[tuple[str, str, str], tuple[str, ...]] = {
    ("POST", "auth", "/internal/staff"): ("company", "shop"),
    ("POST", "auth", "/internal/keys/exchange"): ("gateway",),
    ("GET", "auth", "/internal/links/lnk_x"): ("notification",),
    ("GET", "sales", "/internal/orders/ord_x"): ("payment", "notification", "realtime"),
    ("GET", "sales", "/internal/orders/ord_x/instrument"): ("payment",),
    ("GET", "sales", "/internal/customers/cus_x"): ("debt", "analytics"),
    ("GET", "sales", "/internal/sales/sal_x/receipt"): ("notification",),
    ("GET", "catalog", "/internal/carts/crt_x"): ("sales",),
    ("GET", "shop", "/internal/shops/shp_x"): ("sales", "auth", "inventory", "analytics"),
}
"""Written down a second time, so that a route which is opened to more callers is noticed here."""

Attempt = tuple[str, Callable[[Any], Awaitable[Any]]]


@guarantee(
    35,
    "one service fallen",
    "each of the thirteen's own credentials: foreign events, queues, databases, routes and the management are refused",
)
async def one_service_fallen(stage: Stage) -> None:
    suite = stage.suite
    for number, service in enumerate(SERVICES, 1):
        stage.none(f"what {service} got at the broker", await _at_broker(stage, suite, service))
        stage.none(f"what {service} got at the databases", await _at_databases(stage, suite, service))
        stage.none(f"what {service} got of other services", await _at_services(stage, suite, service))
        stage.progress("services", number, len(SERVICES))
    stage.count("services", len(SERVICES))


async def _at_broker(stage: Stage, suite: ProvedSuite, service: str) -> list[str]:
    account = next(each for each in broker_accounts(suite.secrets, database_prefix()) if each.service == service)
    got = []
    connection = await aio_pika.connect(with_account(suite.amqp, account), timeout=CONNECT_SECONDS)
    async with connection:
        others = [name for name in SERVICES if name != service]
        chosen = others if stage.pick(False, True) else stage.rng.sample(others, 2)
        feed = await _feed(suite)
        for what, attempt in [
            *_at_exchanges(stage, service),
            *(a for o in chosen for a in _at_queues(o)),
            *_at_all(feed),
        ]:
            stage.count("attempts at the broker")
            channel = await connection.channel(publisher_confirms=True)
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await attempt(channel)
                got.append(what)
            except (AMQPError, ConnectionError):
                continue  # refused: the channel is closed by the broker
            finally:
                if not channel.is_closed:
                    await channel.close()
    got += await _at_management(stage, suite, account)
    return got


async def _at_management(stage: Stage, suite: ProvedSuite, account: Account) -> list[str]:
    """It may look at what there is, and neither change anything nor read what is not its own."""
    other = next(name for name in SERVICES if name != account.service)
    host = quote(urlsplit(suite.amqp).path.strip("/") or "/", safe="")
    address = urlsplit(suite.secrets.get("address.management"))
    letter = {"properties": {}, "routing_key": "order.created", "payload": "{}", "payload_encoding": "string"}
    taking = {"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"}
    attempts: list[tuple[str, str, Any]] = [
        ("GET", "/api/users", None),
        ("PUT", "/api/users/intruder", {"password": "x", "tags": "administrator"}),
        ("PUT", f"/api/permissions/{host}/{account.user}", {"configure": ".*", "write": ".*", "read": ".*"}),
        ("PUT", f"/api/policies/{host}/intruder", {"pattern": ".*", "definition": {"max-length": 1}}),
        ("POST", "/api/definitions", {"users": []}),
        ("DELETE", f"/api/queues/{host}/{other}?if-unused=true", None),
        ("POST", f"/api/queues/{host}/{other}/get", taking),
        ("DELETE", f"/api/queues/{host}/{other}.dead/contents", None),
    ]
    if account.service != "sales":
        attempts.append(("POST", f"/api/exchanges/{host}/{EVENTS}/publish", letter))
    got = []
    async with httpx2.AsyncClient(
        base_url=f"{address.scheme}://{address.hostname}:{address.port}",
        auth=(account.user, account.password),
        timeout=CALL_SECONDS,
        headers={"Connection": "close"},
    ) as http:
        for method, path, body in attempts:
            stage.count("attempts at the broker")
            answer = await http.request(method, path, json=body)
            if answer.status_code < 400:
                got.append(f"{method} {path} of the management API: {answer.status_code}")
    return got


async def _feed(suite: ProvedSuite) -> str:
    connection = await aio_pika.connect(suite.amqp, timeout=CONNECT_SECONDS)
    async with connection:
        return f"markethall.feed.{await read_epoch(await connection.channel(), wait_seconds=CONNECT_SECONDS)}"


def _at_exchanges(stage: Stage, service: str) -> list[Attempt]:
    """Events of others, letters to others' dead queues and retries, and a message put straight into a queue."""
    foreign = sorted(kind for kind, model in EVENT_MODELS.items() if service != model.PRODUCER)
    other = next(name for name in SERVICES if name != service)
    kinds = foreign if stage.pick(False, True) else stage.rng.sample(foreign, 5)
    made = [(f"published {kind}", _publishing(EVENTS, kind)) for kind in kinds]
    made.append(("a letter to another's dead queue", _publishing(DEAD, other)))
    made.append(("a retry in another's name", _publishing(retry_exchange(1), other)))
    made.append(("a message straight into another's queue", _publishing("", other)))
    return made


def _at_queues(other: str) -> list[Attempt]:
    async def consume(channel: Any) -> None:
        queue = await channel.get_queue(other, ensure=False)
        await queue.consume(lambda _: None)

    async def take(channel: Any) -> None:
        await (await channel.get_queue(dead_queue(other), ensure=False)).get(timeout=CONNECT_SECONDS, fail=False)

    async def bind(channel: Any) -> None:
        await (await channel.get_queue(other, ensure=False)).bind(EVENTS, "order.created")

    async def purge(channel: Any) -> None:
        await (await channel.get_queue(f"{other}.dead", ensure=False)).purge()

    named = {"consumed": consume, "read the dead letters of": take, "bound": bind, "emptied": purge}
    return [(f"{verb} {other}", attempt) for verb, attempt in named.items()]


def _at_all(feed: str) -> list[Attempt]:
    async def delete_exchange(channel: Any) -> None:
        await (await channel.get_exchange(EVENTS, ensure=False)).delete(if_unused=True)

    async def declare(channel: Any) -> None:
        await channel.declare_queue("somebody.elses", durable=False, auto_delete=True)

    async def delete_feed(channel: Any) -> None:
        await (await channel.get_queue(feed, ensure=False)).delete(if_empty=True, if_unused=True)

    return [("deleted the exchange", delete_exchange), ("a queue of no service", declare), ("the feed", delete_feed)]


def _publishing(exchange: str, key: str) -> Callable[[Any], Awaitable[Any]]:
    async def publish(channel: Any) -> None:
        target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
        await target.publish(aio_pika.Message(b"{}"), key, mandatory=False)

    return publish


async def _at_databases(stage: Stage, suite: ProvedSuite, service: str) -> list[str]:
    accounts = {each.service: each for each in database_accounts(suite.secrets, database_prefix())}
    if service not in accounts:
        return []
    got = []
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(with_account(suite.mongo_url, accounts[service]))
    async with client:
        own = client[accounts[service].database]
        await own.list_collection_names()
        commands = {name: {"find": "x", "limit": 1} for name in _others(accounts, service)}
        attempts: list[tuple[Any, dict[str, Any]]] = [(client[name], command) for name, command in commands.items()]
        attempts += [(client[name], {"insert": "x", "documents": [{"_id": 1}]}) for name in commands]
        user = {"createUser": "x", "pwd": "x", "roles": ["root"]}
        attempts += [
            (client["admin"], user),
            (client["admin"], {"usersInfo": 1}),
            (client["admin"], {"getLog": "global"}),
        ]
        attempts += [(client["admin"], {"replSetGetConfig": 1}), (client["local"], {"find": "oplog.rs", "limit": 1})]
        attempts += [(own, {"createUser": "x", "pwd": "x", "roles": ["dbOwner"]})]
        for database, command in attempts:
            stage.count("attempts at the databases")
            if await _is_done(database, command):
                got.append(f"{next(iter(command))} in {database.name}")
    return got


def _others(accounts: dict[str, Any], service: str) -> list[str]:
    return [each.database for name, each in accounts.items() if name != service]


async def _is_done(database: Any, command: dict[str, Any]) -> bool:
    try:
        await database.command(command)
    except OperationFailure as refused:
        return refused.code != UNAUTHORIZED
    except PyMongoError:
        return False
    return True


async def _at_services(stage: Stage, suite: ProvedSuite, service: str) -> list[str]:
    """Its own token where it is not wanted, for another callee, and in another's name."""
    got = []
    async with httpx2.AsyncClient(timeout=CALL_SECONDS) as http:
        for (method, callee, path), callers in MAY_CALL.items():
            if callee == service:
                continue
            url = suite.home.service_url(callee) + path
            body = {"key": "mh_sk_x"} if method == "POST" else None
            tokens = {"for another callee": _token(suite, service, audience="elsewhere")}
            tokens["in another's name"] = _token(suite, service, audience=callee, name=callers[0])
            if service not in callers:
                tokens["its own"] = _token(suite, service, audience=callee)
            for whose, token in tokens.items():
                stage.count("attempts at other services")
                for sent in ({"Authorization": f"Bearer {token}"}, {"X-Markethall-Context": token}):
                    answer = await http.request(method, url, json=body, headers=sent)
                    if answer.status_code not in (401, 403):
                        got.append(f"{answer.status_code} with {whose} token at {method} {callee}{path}")
    return got


def _token(suite: ProvedSuite, service: str, *, audience: str, name: str | None = None) -> str:
    """A token as somebody makes it who holds the service's private key."""
    key = Ed25519PrivateKey.from_private_bytes(from_base64url(suite.secrets.get(f"signing.{service}")))
    now, named = int(time.time()), name if name and name != service else service
    if name == service:
        audience = "elsewhere"
    claims = {"iss": f"service:{named}", "aud": audience, "iat": now, "exp": now + 300, "cid": "cmp_x"}
    return jwt.encode(claims, key, "EdDSA", headers={"typ": "svc+jwt", "kid": named})
