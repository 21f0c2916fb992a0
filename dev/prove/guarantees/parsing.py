"""Row 37: what parsers make of input that was made to be read in two ways."""

import asyncio
import gzip
import json
import secrets
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import httpx2

from common.suite import SERVICES
from dev.home import Home
from dev.prove.guarantees.parsing_wire import ambiguous, exchange, oversized, targets, upgrades
from dev.prove.guarantees.payments_provider import CALL_SECONDS, until
from dev.prove.rows import guarantee
from dev.prove.stage import Stage
from dev.prove.trade import CASH, House, found
from dev.prove.trade.house import PASSWORD
from dev.prove.trade.market import ADDRESS, items
from dev.routes import listing

EVIL, VICTIM = "evil.example", "victim@evil.example"
MAIL_SECONDS = 30.0
SOCKETS = 8
NOT_BUILT = 501
BOMB_BYTES = 16 * 1024 * 1024
DEPTH = 50_000
QUERIES = (
    "attr.$where=1", "attr[$ne]=1", "name[$regex]=.*", "sort=$where", "sort=-password", "limit[$gt]=1", "cursor=%00",
    "cursor=eyJpZCI6eyIkZ3QiOiIifX0", "cursor=../../etc", "status[$ne]=x", "orderId[$ne]=x",
)  # fmt: skip
OPEN = ("/health", "/metrics", "/openapi.json", "/.well-known", "/docs")


@guarantee(
    37,
    "parser gaps",
    "smuggled requests, hidden paths, forged hosts, split lines, bombs, operators, cursors, bare ports: 0 reached",
)
async def parser_gaps(stage: Stage) -> None:
    own = await found(stage.suite, "parser", goods=3, stock=10)
    other = await found(stage.suite, "parsed", goods=3, stock=10)
    await _on_the_wire(stage)
    async with httpx2.AsyncClient(base_url=stage.suite.gateway, timeout=CALL_SECONDS) as http:
        await _in_bodies(stage, http, own)
        await _in_queries(stage, http, own, other)
        await _in_mails(stage, http, own)
    await _at_bare_ports(stage)
    stage.none("log lines that are no JSON object of ours", await asyncio.to_thread(_split_lines, stage.suite.home))
    await own.close()
    await other.close()


async def _on_the_wire(stage: Stage) -> None:
    gateway = stage.suite.gateway
    catalog, company = (stage.suite.home.service_url(name) for name in ("catalog", "company"))
    host, port = urlsplit(gateway).netloc, urlsplit(company).port or 0
    doors = ((gateway, "/api/products"), (gateway, "/api/cart/items"), (catalog, "/api/products"))
    split = [await _all_of(stage, door, ambiguous(host, path)) for door, path in doors]
    stage.none("requests read within others", [found_one for door in split for found_one in door])
    hidden = await _all_of(stage, gateway, (*targets(host, port), *upgrades(host)))
    stage.none("addresses between services reached", hidden)
    stage.none("heads without end that were taken", await _all_of(stage, gateway, oversized(host)))
    async with httpx2.AsyncClient(timeout=CALL_SECONDS) as http:
        stage.check("the gateway afterwards", 200, (await http.get(f"{gateway}/health")).status_code)


async def _all_of(stage: Stage, door: str, requests: Iterable[tuple[str, bytes]]) -> list[str]:
    """Those that were answered otherwise than with a refusal, or by a server that broke."""
    places = asyncio.Semaphore(SOCKETS)

    async def one(what: str, raw: bytes) -> str | None:
        async with places:
            statuses = await exchange(door, raw)
        stage.count("requests on the wire")
        refused = all(400 <= status < 500 or status == NOT_BUILT for status in statuses)
        return None if refused else f"{what[:80]} at {door}: {statuses}"

    found_all = await asyncio.gather(*(one(what, raw) for what, raw in requests))
    return [each for each in found_all if each is not None]


async def _in_bodies(stage: Stage, http: httpx2.AsyncClient, house: House) -> None:
    """Bombs, depth, operators, NULs; and headers that are there twice."""
    who = {**house.admin.identity(), "Content-Type": "application/json"}
    good = {"sku": "X", "name": "X", "price": {"amount": 1, "currency": "EUR"}}
    bomb = gzip.compress(b'{"name": "' + b"x" * BOMB_BYTES + b'"}')
    bodies: list[tuple[str, bytes, dict[str, str]]] = [
        ("a gzip bomb", bomb, {"Content-Encoding": "gzip"}),
        ("a body that says it is packed", json.dumps(good).encode(), {"Content-Encoding": "br"}),
        ("deep arrays", b"[" * DEPTH + b"]" * DEPTH, {}),
        ("deep objects", b'{"a":' * DEPTH + b"1" + b"}" * DEPTH, {}),
        ("an operator", json.dumps({**good, "sku": {"$gt": ""}}).encode(), {}),
        ("a field with an operator", json.dumps({**good, "$where": "1"}).encode(), {}),
        ("a field twice", b'{"sku": "A", "sku": {"$ne": 1}, "name": "x"}', {}),
        ("a NUL", json.dumps({**good, "name": "a\x00b"}).encode(), {}),
        ("UTF-16", json.dumps(good).encode("utf-16"), {}),
        ("a lone surrogate", b'{"sku": "X", "name": "\\ud800", "price": {"amount": 1, "currency": "EUR"}}', {}),
    ]
    taken = []
    for what, body, more in bodies:
        answer = await http.post("/api/products", content=body, headers={**who, **more})
        stage.count("hostile bodies")
        if not 400 <= answer.status_code < 500:
            taken.append(f"{what}: {answer.status_code} {answer.text[:100]}")
    stage.none("hostile bodies taken", taken)
    forged = [("X-Markethall-Context", "x"), ("X-Markethall-Actor", "service:auth"), ("X-Tenant-ID", house.slug)]
    bare = await http.get("/api/orders", headers=forged)
    stage.check("forged headers of the gateway's, without a token", 401, bare.status_code)
    twice = [("X-Tenant-ID", house.slug), ("Authorization", "Bearer x"), *house.admin.identity().items()]
    stage.check("a bad token before a good one", 401, (await http.get("/api/orders", headers=twice)).status_code)


async def _in_queries(stage: Stage, http: httpx2.AsyncClient, own: House, other: House) -> None:
    """Operators in parameters, cursors that nobody gave, and cursors of another company."""
    wrong = []
    for path in ("/api/products", "/api/orders", "/api/payments"):
        for query in QUERIES:
            answer = await http.get(f"{path}?{query}", headers=own.admin.identity())
            stage.count("hostile queries")
            if answer.status_code >= 500 or (answer.status_code == 200 and "cursor" in query):
                wrong.append(f"{path}?{query}: {answer.status_code}")
    stage.none("hostile queries that were not refused", wrong)
    page = (await http.get("/api/products?limit=1", headers=other.admin.identity())).json()
    answer = await http.get(f"/api/products?limit=3&cursor={page['nextCursor']}", headers=own.admin.identity())
    theirs = {good.product_id for good in other.goods}
    seen = {each["id"] for each in answer.json().get("items", ())} if answer.status_code == 200 else set()
    stage.none("goods of another company behind its cursor", seen & theirs)


async def _in_mails(stage: Stage, http: httpx2.AsyncClient, house: House) -> None:
    """Hosts and line ends that want to get into mails."""
    address = house.admin_email
    for headers in ({"X-Forwarded-Host": EVIL, "Forwarded": f"host={EVIL}"}, {"Host": EVIL}, {"Host": f"{EVIL}:80"}):
        await http.post("/api/auth/password/forgot", json={"email": address}, headers=headers)
        stage.count("resets with a forged host")
    mark = secrets.token_hex(6)
    split = [f"{mark}@x.example\r\nBcc: {VICTIM}", f"{mark}@x.example\nBcc: {VICTIM}", f"{mark}@x.example,{VICTIM}"]
    body = {"items": items([(house.goods[0], 1)]), "payment": CASH}
    taken = []
    for email in split:
        answer = await http.post(
            "/api/orders", json={**body, "email": email, "shippingAddress": ADDRESS},
            headers={"X-Tenant-ID": house.slug},
        )  # fmt: skip
        taken += [email] if answer.status_code < 400 else []
        shopper = {"email": email, "password": PASSWORD, "role": "customer", "name": "x"}
        answer = await http.post("/api/auth/register", json=shopper, headers={"X-Tenant-ID": house.slug})
        taken += [email] if answer.status_code < 400 else []
        stage.count("addresses with line ends", 2)
    stage.none("mail addresses with line ends or more than one taken", taken)
    named = {"email": f"{mark}@split.example", "password": PASSWORD, "role": "customer"}
    name = f"A\r\nBcc: {VICTIM}\r\nX-Split: {mark}"
    await http.post("/api/auth/register", json={**named, "name": name}, headers={"X-Tenant-ID": house.slug})
    where = {**ADDRESS, "name": name}
    told = {**body, "email": f"{mark}@split.example", "shippingAddress": where}
    await http.post("/api/orders", json=told, headers={"X-Tenant-ID": house.slug, "User-Agent": 'a"}\\n{"b'})
    mails = await until(lambda: _mails(stage.suite.home, address), bool, MAIL_SECONDS)
    stage.at_least("mails with a reset link", 1, len(mails))
    stage.none("reset mails that lead elsewhere", [mail for mail in mails if EVIL.encode() in mail])
    stage.none("mails to somebody who was written into a field", _mails(stage.suite.home, VICTIM))
    sent = _mails(stage.suite.home, f"{mark}@split.example")
    stage.none("headers made of a name", [mail for mail in sent if b"\nX-Split:" in mail.partition(b"\r\n\r\n")[0]])


def _mails(home: Home, address: str) -> list[bytes]:
    """Every mail that reached an address, as it came in."""
    query = "SELECT m.raw FROM mails m JOIN mail_recipients r ON r.mail = m.seq WHERE r.address = ?"
    with closing(sqlite3.connect(f"file:{home.data / 'sandbox.sqlite3'}?mode=ro", uri=True, timeout=10)) as books:
        return [bytes(row[0]) for row in books.execute(query, (address,))]


async def _at_bare_ports(stage: Stage) -> None:
    """Every route of every service at its own port, as nobody in particular."""
    reached: list[str] = []
    routes = [each for each in await asyncio.to_thread(lambda: listing()["routes"]) if each["method"] != "WS"]
    chosen = routes if stage.pick(False, True) else stage.rng.sample(routes, min(60, len(routes)))
    async with httpx2.AsyncClient(timeout=CALL_SECONDS) as http:
        for route in chosen:
            if route["service"] not in SERVICES or route["service"] == "gateway" or route["path"].startswith(OPEN):
                continue
            path = "/".join("x" if part.startswith("{") else part for part in route["path"].split("/"))
            body: Any = {} if route["method"] in ("POST", "PUT", "PATCH") else None
            answer = await http.request(
                route["method"], stage.suite.home.service_url(route["service"]) + path, json=body
            )
            stage.count("routes knocked at, at service ports")
            if answer.status_code < 400 or answer.status_code >= 500:
                reached.append(f"{route['method']} {route['service']}{path}: {answer.status_code}")
    stage.none("routes that answered at a bare port", reached)


def _split_lines(home: Home) -> list[str]:
    """Lines of logs that somebody else's text began."""
    broken = []
    for service in SERVICES:
        for line in home.log(service).read_text(errors="replace").splitlines()[-2000:]:
            if line.lstrip().startswith(("Bcc:", "X-Split:")) or ('"b' in line and not _is_json(line)):
                broken.append(f"{service}: {line[:120]}")
    return broken


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
