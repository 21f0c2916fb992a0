"""Row 38: known secrets go in by every door; none of them is found in what the suite keeps, says or sends on."""

import asyncio
import json
import re
import secrets
import sqlite3
import time
from contextlib import closing
from copy import deepcopy
from typing import Any
from urllib.parse import unquote

import httpx2

from dev.prove.guarantees import secrecy_traces as traces
from dev.prove.guarantees.payments_provider import CALL_SECONDS, STRIPE_HOOK, until
from dev.prove.rows import guarantee
from dev.prove.stage import Stage
from dev.prove.suite import ProvedSuite
from dev.prove.trade import House, Journal, Market, found
from dev.prove.trade.market import ADDRESS, items
from dev.walk.founding import found as found_world
from dev.walk.rows import Row
from dev.walk.table import ROWS
from dev.walk.world import World

MAIL_SECONDS = 30.0
CARDS = ("4242 4242 4242 4242", "4242424242424242", "5555-5555-5555-4444", "378282246310005", "6011111111111117")
NO_SECRETS = ("address.", "administrator.email", "administrator.shown", "mongo.administrator.made", "paypal.client",
              "paypal.webhook", "twilio.account")  # fmt: skip
"""Names and addresses, which open nothing by themselves."""

OWN_RULE = frozenset({"password", "currentPassword", "newPassword", "barcode"})
_LINK = re.compile(r"lnk_[0-9a-z]+\.[A-Za-z0-9_-]+")


@guarantee(
    38,
    "secrets",
    "known secrets by every door: none in databases, logs, messages, metrics, refusals; a card number is refused: 422",
)
async def no_usable_secret(stage: Stage) -> None:
    began = time.monotonic()
    house = await found(stage.suite, "secrets", goods=2, stock=100)
    planted, refusals = await _plant(stage, house)
    sought = traces.needles({**planted, **_of_the_suite(stage.suite)})
    stage.count("secrets planted", len(planted))
    stage.at_least("secrets planted by different doors", 12, len(planted))
    await _refuse_cards(stage)
    sought |= traces.needles({f"card number {card[-4:]}": card for card in CARDS})
    found_in: set[str] = set()
    async for blobs in traces.databases(stage):
        found_in |= await asyncio.to_thread(traces.search, blobs, sought)
    stage.none("secrets in databases", sorted(found_in))
    kept = await asyncio.to_thread(traces.logs, stage)
    stage.none("secrets in logs", sorted(await asyncio.to_thread(traces.search, kept, sought)))
    told = await traces.metrics(stage)
    stage.none("secrets in metrics", sorted(await asyncio.to_thread(traces.search, told, sought)))
    sent = await traces.messages(stage, time.monotonic() - began)
    stage.none("secrets in messages", sorted(await asyncio.to_thread(traces.search, sent, sought)))
    stage.none("secrets in refusals", sorted(await asyncio.to_thread(traces.search, refusals, sought)))
    stage.count("forms searched for", len(sought))
    await house.close()


def _of_the_suite(suite: ProvedSuite) -> dict[str, str]:
    """The passwords and keys that the suite itself runs with."""
    kept: dict[str, str] = json.loads(suite.home.secrets.read_text())
    return {name: value for name, value in kept.items() if not name.startswith(NO_SECRETS)}


class Sower:
    """Calls that carry a secret, the answers of those that were refused, and what the suite itself gave out."""

    def __init__(self, stage: Stage, house: House, http: httpx2.AsyncClient) -> None:
        self._stage = stage
        self._http = http
        self._tenant = {"X-Tenant-ID": house.slug}
        self.planted: dict[str, str] = {}
        self.refusals: list[traces.Blob] = []

    def new(self, name: str, shape: str = "{}") -> str:
        """A secret that nobody else has."""
        self.planted[name] = shape.format(secrets.token_urlsafe(21))
        return self.planted[name]

    async def send(self, path: str, body: Any, headers: dict[str, str] | None = None, method: str = "POST") -> Any:
        """The answer's JSON; a refusal is kept to be searched."""
        answer = await self._http.request(method, path, json=body, headers={**self._tenant, **(headers or {})})
        if answer.status_code >= 400:
            self.refusals.append((f"the answer of {path}", answer.content + repr(answer.headers).encode()))
        return answer.json() if answer.content else {}


async def _plant(stage: Stage, house: House) -> tuple[dict[str, str], list[traces.Blob]]:
    async with httpx2.AsyncClient(base_url=stage.suite.gateway, timeout=CALL_SECONDS) as http:
        sower = Sower(stage, house, http)
        await _people(stage, house, sower)
        await _machines(stage, house, sower)
        await _buyers(stage, house, sower)
    return sower.planted, sower.refusals


async def _people(stage: Stage, house: House, sower: Sower) -> None:
    """Passwords and tokens of a customer; a link by mail; and what is wrong with each."""
    address = f"{secrets.token_hex(6)}@{house.slug}.example"
    first, second = sower.new("a password", "Aa1-{}"), sower.new("a changed password", "Bb2-{}")
    person = {"email": address, "password": first}
    made = await sower.send("/api/auth/register", {**person, "role": "customer", "name": "x"})
    signed = await sower.send("/api/auth/login", person)
    await sower.send("/api/auth/login", {**person, "password": sower.new("a wrong password")})
    await sower.send("/api/auth/register", {**person, "role": sower.new("a word where none belongs")})
    await sower.send("/api/auth/refresh", {"refreshToken": sower.new("a refresh token of nobody's")})
    renewed = await sower.send("/api/auth/refresh", {"refreshToken": signed["refreshToken"]})
    for name, pair in (("at registration", made), ("at sign-in", signed), ("renewed", renewed)):
        sower.planted[f"an access token {name}"] = pair["accessToken"].rpartition(".")[2]
        sower.planted[f"a refresh token {name}"] = pair["refreshToken"]
    who = {"Authorization": f"Bearer {renewed['accessToken']}"}
    await sower.send("/api/auth/password/change", {"currentPassword": first, "newPassword": second}, who)
    await sower.send("/api/auth/me", None, {"Authorization": f"Bearer {sower.new('a bearer of nobody')}"}, "GET")
    await sower.send("/api/auth/password/forgot", {"email": address})
    link = await until(lambda: _mailed_link(stage, address), bool, MAIL_SECONDS)
    stage.check("a link was mailed", True, link is not None)
    sower.planted["a mailed link"] = (link or "").rpartition(".")[2]
    await sower.send("/api/auth/password/reset", {"token": f"{(link or '')[:-4]}xxxx", "password": second})


async def _machines(stage: Stage, house: House, sower: Sower) -> None:
    """Keys of machines and of providers."""
    admin = house.admin.identity()
    for kind in ("secret", "publishable"):
        scopes = ["products.read"] if kind == "secret" else []
        made = await sower.send("/api/keys", {"name": "x", "type": kind, "scopes": scopes}, admin)
        if kind == "secret":  # the other kind stands in every page
            sower.planted["a secret key"] = made["key"].rpartition("_")[2]
            await sower.send("/api/products", None, {"X-API-Key": made["key"]}, "GET")
    await sower.send("/api/products", None, {"X-API-Key": sower.new("a key of nobody's", "mh_sk_{}")}, "GET")
    paypal = {"clientId": "proof-client", "clientSecret": sower.new("a provider's secret")}
    await sower.send("/api/payments/accounts", {"provider": "paypal", "name": "x", **paypal}, admin)
    stripe = {
        "secretKey": sower.new("a provider's key", "sk_test_{}"),
        "webhookSecret": sower.new("a hook", "whsec_{}"),
    }
    await sower.send("/api/payments/accounts", {"provider": "stripe", "name": "x", **stripe}, admin)
    signature = {"Stripe-Signature": sower.new("a signature of nobody's", "t=1,v1={}")}
    await sower.send(STRIPE_HOOK, {"id": "evt_x"}, signature)


async def _buyers(stage: Stage, house: House, sower: Sower) -> None:
    """What a guest holds, and what they pay with."""
    token = sower.new("a payment token", "pm_{}")
    body = {"items": items([(house.goods[0], 1)]), "shippingAddress": ADDRESS, "email": "guest@secrets.example"}
    order = await sower.send("/api/orders", {**body, "payment": {"method": "card", "paymentMethodToken": token}})
    sower.planted["an order token"] = order["orderToken"]
    again = await sower.send("/api/orders", body)
    pay = {"orderId": again["id"], "method": "card", "paymentMethodToken": sower.new("another token", "pm_{}")}
    await sower.send("/api/payments/process", pay, {"X-Order-Token": again["orderToken"]})
    await sower.send("/api/payments/process", pay, {"X-Order-Token": sower.new("an order token of nobody's")})
    await Market(house, Journal(stage.folder / "journal.jsonl")).place([(house.goods[1], 1)], {"method": "card",
        "paymentMethodToken": "pm_card_visa"})  # fmt: skip
    ticket = await sower.send("/api/realtime/tickets", {}, house.admin.identity())
    sower.planted["a socket's ticket"] = ticket["ticket"]


def _mailed_link(stage: Stage, address: str) -> str | None:
    """The link in the mail to an address, as its reader sees it."""
    query = "SELECT m.raw FROM mails m JOIN mail_recipients r ON r.mail = m.seq WHERE r.address = ? ORDER BY m.seq DESC"
    path = stage.suite.home.data / "sandbox.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as books:
        for (raw,) in books.execute(query, (address,)):
            text = bytes(raw).decode("utf-8", "replace").replace("=\r\n", "").replace("=3D", "=")
            links = _LINK.search(unquote(text))
            if links:
                return links[0]
    return None


async def _refuse_cards(stage: Stage) -> None:
    """A card number in each text field of each route's body."""
    world = await found_world(stage.suite.gateway, stage.suite.administrator, "cards")
    rows = [row for row in ROWS if row.body is not None and row.method in ("POST", "PUT", "PATCH")]
    # Where the path names something, the answer may be that it is not there: of most, one must be able to get in.
    plain, naming = [row for row in rows if "{" not in row.path], [row for row in rows if "{" in row.path]
    chosen = stage.rng.sample(plain, stage.pick(12, len(plain))) + stage.rng.sample(naming, stage.pick(4, len(naming)))
    wrong: list[str] = []
    try:
        async with httpx2.AsyncClient(base_url=stage.suite.gateway, timeout=CALL_SECONDS) as http:
            for number, row in enumerate(chosen, 1):
                wrong += await _with_cards(stage, http, world, row)
                stage.progress("routes given card numbers", number, len(chosen))
    finally:
        await world.close()
    stage.none("fields that took a card number", wrong)


async def _with_cards(stage: Stage, http: httpx2.AsyncClient, world: World, row: Row) -> list[str]:
    assert row.body is not None, "chosen by that"
    made = row.body(world)
    body = await made if hasattr(made, "__await__") else made
    path = re.sub(r"\{[^}]*\}", "x_0", row.path)
    wrong = []
    for field in _texts(body, ()):
        changed = deepcopy(body)
        inner: Any = changed
        for step in field[:-1]:
            inner = inner[step]
        inner[field[-1]] = stage.rng.choice(CARDS)
        headers = {**world.admin.identity(), **row.headers}
        answer = await http.request(row.method, path, json=changed, headers=headers)
        stage.count("fields given a card number")
        # Whoever may not call the route at all is told so first; nothing is kept then either.
        if answer.status_code not in (422, 401, 403, 404, 409, 429):
            wrong.append(f"{row.route} {field}: {answer.status_code}")
    return wrong


def _texts(value: Any, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    """Where the texts of a body stand, but for those with a rule of their own."""
    if isinstance(value, dict):
        return [each for name, inner in value.items() if name not in OWN_RULE for each in _texts(inner, (*path, name))]
    if isinstance(value, list):
        return [each for number, inner in enumerate(value[:1]) for each in _texts(inner, (*path, number))]
    return [path] if isinstance(value, str) and path else []
