"""Row 21: passwords guessed from everywhere at once."""

import asyncio
import hashlib
import json
import secrets
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import httpx2

from dev.prove.guarantees.identity_doors import CALL_SECONDS, fresh_address, signed_in
from dev.prove.rows import Kind, guarantee
from dev.prove.stage import Stage
from dev.prove.trade import House, found
from dev.prove.trade.house import PASSWORD, register

ALLOWED = 10
AT_ONCE = 32
AUTH_COPIES = 2
WINDOW_SECONDS = 900
CHECKED, REFUSED = "401 invalid_credentials", "429 too_many_attempts"
FIRST_ADDRESS = int(ip_address("11.0.0.0"))
METRIC = "markethall_password_hashes_total"

BEHIND_A_PROXY = {
    "MARKETHALL_TRUSTED_PROXIES": '["127.0.0.0/8"]',
    # The whole company's sign-ins have a limit of their own, which would hide what is shown here.
    "MARKETHALL_SIGN_IN_TENANT_LIMIT": "10000000/m",
    "MARKETHALL_SIGN_IN_LIMIT": "120/m;burst=300",
}


@dataclass(slots=True)
class Target:
    """An address whose password is guessed, in the realm of ``tenant``; nobody may have it."""

    email: str
    tenant: str | None
    exists: bool
    device: str = ""
    answers: Counter[str] = field(default_factory=Counter)
    shapes: set[str] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)


@guarantee(
    21,
    "guessing",
    "10,000 wrong passwords, each from an address of its own, at two copies of auth: 10 checked an account in "
    "15 minutes, no work for the rest; the owner on a known device signs in; who has an account is not told",
    kind=Kind.ROUGH,
)
async def guesses_are_few(stage: Stage) -> None:
    await stage.suite.reconfigure("gateway", BEHIND_A_PROXY)
    await stage.suite.reconfigure("auth", copies=AUTH_COPIES)
    accounts, tries = stage.pick(3, 20), stage.pick(300, 10_000)
    house = await found(stage.suite, "guessed", goods=0)
    limits = httpx2.Limits(max_connections=AT_ONCE)
    async with httpx2.AsyncClient(base_url=stage.suite.gateway, timeout=CALL_SECONDS, limits=limits) as http:
        crowd = Crowd(stage, http)
        targets = await _targets(stage, crowd, house, accounts)
        hashed = await _hashed(stage)
        await crowd.guess(targets, tries)
        _judge_tries(stage, targets, tries)
        checked = sum(target.answers[CHECKED] for target in targets)
        stage.check("passwords hashed for all these tries", checked, await _hashed(stage) - hashed)
        _judge_silence(stage, targets)
        await _owners(stage, crowd, [target for target in targets if target.exists])
        await _forgotten(stage, crowd, targets)
        await _next_window(stage, crowd, targets[0])
    await house.close()


class Crowd:
    """Many strangers: every call comes from an address that was not seen before."""

    def __init__(self, stage: Stage, http: httpx2.AsyncClient) -> None:
        self._stage = stage
        self._http = http
        self._next = FIRST_ADDRESS + stage.rng.randrange(2**24)

    def address(self) -> dict[str, str]:
        """The header by which the proxy tells of somebody new."""
        self._next += 1
        return {"X-Forwarded-For": str(ip_address(self._next))}

    async def sign_in(self, target: Target, password: str, device: str = "") -> httpx2.Response:
        """One try."""
        headers = self.address() | ({"X-Tenant-ID": target.tenant} if target.tenant else {})
        headers |= {"X-Device-Token": device} if device else {}
        body = {"email": target.email, "password": password}
        return await self._http.post("/api/auth/login", json=body, headers=headers)

    async def forgot(self, target: Target) -> httpx2.Response:
        """Somebody says that they forgot the password."""
        headers = self.address() | ({"X-Tenant-ID": target.tenant} if target.tenant else {})
        return await self._http.post("/api/auth/password/forgot", json={"email": target.email}, headers=headers)

    async def begin(self, target: Target) -> None:
        """The owner signs in, so that the device is known."""
        headers = self.address() | ({"X-Tenant-ID": target.tenant} if target.tenant else {})
        target.device = (await signed_in(self._http, target.email, **headers))["deviceToken"]

    async def guess(self, targets: Sequence[Target], tries: int) -> None:
        """Wrong passwords for all targets, in a mixed order, so many at once."""
        order = [targets[number % len(targets)] for number in range(tries)]
        self._stage.rng.shuffle(order)
        waiting = iter(order)

        async def stranger() -> None:
            for target in waiting:
                began = time.monotonic()
                answer = await self.sign_in(target, secrets.token_urlsafe(8))
                _note(target, answer, time.monotonic() - began)
                self._stage.count("tries")
                self._stage.progress("tries", self._stage.verdict.counts["tries"], tries)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(stranger())


async def _targets(stage: Stage, crowd: Crowd, house: House, accounts: int) -> list[Target]:
    """Staff, customers, and as many addresses that nobody has, in the same realms."""
    known = [Target(house.admin_email, None, exists=True)]
    for number in range(accounts - 1):
        customer = await register(stage.suite, house, number)
        known.append(Target((await customer.get("/api/auth/me"))["user"]["email"], house.slug, exists=True))
        await customer.__aexit__()
    for target in known:
        await crowd.begin(target)
    unknown = [Target(fresh_address(house.slug), target.tenant, exists=False) for target in known]
    return known + unknown


def _note(target: Target, answer: httpx2.Response, seconds: float) -> None:
    told: dict[str, Any] = answer.json()
    kind = f"{answer.status_code} {told.get('code')}"
    target.answers[kind] += 1
    if kind == CHECKED:
        target.seconds.append(seconds)
    plain = {name: value for name, value in told.items() if name not in ("requestId", "instance")}
    target.shapes.add(json.dumps([answer.status_code, plain, sorted(answer.headers)], sort_keys=True))


def _judge_tries(stage: Stage, targets: Sequence[Target], tries: int) -> None:
    counts = [target.answers[CHECKED] for target in targets]
    stage.count("accounts and unknown addresses", len(targets))
    stage.count("tries checked", sum(counts))
    stage.at_most("most tries checked of one account in 15 minutes", ALLOWED, max(counts))
    stage.at_least("fewest tries checked of one account", ALLOWED, min(counts))
    others = [each for target in targets for each in target.answers if each not in (CHECKED, REFUSED)]
    stage.none("other answers than a wrong password and too many tries", others)
    refused = sum(target.answers[REFUSED] for target in targets)
    stage.check("tries refused unseen", tries - sum(counts), refused)


def _judge_silence(stage: Stage, targets: Sequence[Target]) -> None:
    """Answers tell nothing of whether there is an account: same statuses, texts and header names."""
    shapes: dict[bool, set[str]] = defaultdict(set)
    seconds: dict[bool, list[float]] = defaultdict(list)
    for target in targets:
        shapes[target.exists] |= {_without_numbers(shape) for shape in target.shapes}
        seconds[target.exists] += target.seconds
    stage.none("answers that only one kind of address gets", shapes[True] ^ shapes[False])
    for exists, name in ((True, "an account"), (False, "nobody")):
        stage.measure(f"median ms of a checked try at {name}", 1000 * statistics.median(seconds[exists]))


async def _owners(stage: Stage, crowd: Crowd, targets: Sequence[Target]) -> None:
    """The right password: refused to strangers now, taken from a device that the owner signed in with."""
    strangers, thieves, owners = [], [], []
    for target, other in zip(targets, [*targets[1:], targets[0]], strict=True):
        strangers.append((await crowd.sign_in(target, PASSWORD)).status_code)
        for device in (other.device, f"{target.device}x", f"{int(time.time())}.{secrets.token_urlsafe(16)}.{'0' * 64}"):
            thieves.append((await crowd.sign_in(target, PASSWORD, device)).status_code)
        owners.append((await crowd.sign_in(target, PASSWORD, target.device)).status_code)
    stage.check("strangers with the right password at a guessed account", {429}, set(strangers))
    stage.check("the same with another account's or a made-up device", {429}, set(thieves))
    stage.check("owners on a device that they signed in with before", {200}, set(owners))


async def _forgotten(stage: Stage, crowd: Crowd, targets: Sequence[Target]) -> None:
    """Asking for a new password is answered alike for everybody, however often."""
    told: dict[bool, set[tuple[int, str]]] = defaultdict(set)
    for target in targets:
        for _ in range(stage.pick(2, 7)):
            answer = await crowd.forgot(target)
            told[target.exists].add((answer.status_code, answer.text))
    stage.check("answers to a forgotten password, for nobody as for an account", told[True], told[False])


async def _next_window(stage: Stage, crowd: Crowd, target: Target) -> None:
    """A quarter of an hour later, which is made to have passed: ten again, and no more."""
    tries = stage.suite.database("auth")["sign_in_tries"]
    tried = await tries.find_one({"_id": _budget_of(target)})
    assert tried is not None, "the address has been tried"
    earlier = [{**each, "at": each["at"] - timedelta(seconds=WINDOW_SECONDS)} for each in tried["tries"]]
    await tries.update_one({"_id": tried["_id"]}, {"$set": {"tries": earlier, "lockedAt": None}})
    answers = await asyncio.gather(*(crowd.sign_in(target, secrets.token_urlsafe(8)) for _ in range(3 * ALLOWED)))
    seen = Counter(answer.status_code for answer in answers)
    stage.check("a quarter of an hour later: tries checked of thirty at once", ALLOWED, seen[401])


def _budget_of(target: Target) -> str:
    assert target.tenant is None, "staff are found in the platform's realm"
    return hashlib.sha256(f"platform|{target.email}".encode()).hexdigest()


async def _hashed(stage: Stage) -> int:
    """Passwords hashed by all copies of auth since they began."""
    by_copy: dict[str, float] = {}
    url = stage.suite.home.service_url("auth") + "/metrics"
    async with asyncio.timeout(CALL_SECONDS):
        while len(by_copy) < AUTH_COPIES:
            async with httpx2.AsyncClient() as http:
                told = dict(line.rsplit(" ", 1) for line in (await http.get(url)).text.splitlines() if line[0] != "#")
            by_copy[told["markethall_process_id"]] = float(told[METRIC])
    return int(sum(by_copy.values()))


def _without_numbers(shape: str) -> str:
    return "".join("#" if letter.isdigit() else letter for letter in shape)
