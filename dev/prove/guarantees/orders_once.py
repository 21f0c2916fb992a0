"""Row 14: one key, one effect."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import httpx2

from dev.prove.checker import judge_records
from dev.prove.faults.points import Point, Points, standing
from dev.prove.guarantees.orders_posts import Post, Posts
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import read
from dev.prove.stage import Stage
from dev.prove.trade import House, Journal, Market, found

AT_ONCE = 100
ANSWER_SECONDS = 60.0
RETRY_SECONDS = 45.0
PAUSE_SECONDS = 0.5
SERVICES = ("sales", "inventory", "payment")
AWAY = (502, 503, 504)
ALWAYS = (
    "one charge an order at the provider",
    "refunds within what was captured",
    "the ledger sums to zero",
    "no stock below zero",
)
"""What holds at every moment, whatever is still on its way."""
UNDER_WAY, REUSED = "request_in_progress", "idempotency_key_reused"

_IDEMPOTENCY = "libs/common/web/idempotency.py"
POINTS = (
    Point("claimed", _IDEMPOTENCY, "            result = await work()", "before", "self._key"),
    Point("done", _IDEMPOTENCY, '        body = result.model_dump(mode="json", by_alias=True)', "before", "self._key"),
)
"""Between the claim and its work, and between what was done and its answer."""


@guarantee(
    14,
    "idempotent POST",
    "100 at once with one key: 1 effect, 409 or the first answer; another body 422; killed before and after the "
    "effect: later the first answer; orders, till sales, adjustments, payments, refunds, captures",
    kind=Kind.ROUGH,
)
async def idempotent_posts(stage: Stage) -> None:
    house = await found(stage.suite, "once", goods=8, stock=500)
    journal = Journal(stage.folder / "journal.jsonl")
    posts = Posts(stage.suite, Market(house, journal))
    limits = httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    gateway = stage.suite.gateway
    async with (
        httpx2.AsyncClient(base_url=gateway, timeout=ANSWER_SECONDS, limits=limits) as http,
        standing(stage, SERVICES, POINTS) as points,
    ):
        caller = Caller(http, house)
        *to_strike, unharmed = await asyncio.gather(*(posts.one_of_each() for _ in (*POINTS, "at once")))
        for point, some in zip(POINTS, to_strike, strict=True):
            await _strike_down(stage, caller, points, point, some)
        for post in unharmed:
            stage.progress(f"{AT_ONCE} at once: {post.kind}", 0, 0)
            await _at_once(stage, caller, post)
        stricken = [post for some in to_strike for post in some]
        await asyncio.gather(*(_after_the_crash(stage, caller, post) for post in stricken))
    found_wrong = judge_records(await read(stage.suite, house, journal))
    for name in ALWAYS:
        stage.none(name, found_wrong[name])
    await house.close()


class Caller:
    """Sends a request as it is, once."""

    def __init__(self, http: httpx2.AsyncClient, house: House) -> None:
        self._http = http
        self._house = house

    async def send(self, post: Post, body: dict[str, Any] | None = None) -> httpx2.Response:
        """The answer, whatever it is."""
        headers = {**self._house.admin.identity(), "Idempotency-Key": post.key}
        return await self._http.post(post.path, json=post.sent if body is None else body, headers=headers)

    async def insist(self, post: Post) -> None:
        """Send it again as long as nobody is there to take it; whoever has taken it may be gone before it answers."""
        while True:
            with suppress(httpx2.HTTPError):
                if (await self.send(post)).status_code not in AWAY:
                    return
            await asyncio.sleep(PAUSE_SECONDS)

    async def until_answered(self, post: Post) -> httpx2.Response:
        """The first answer that is neither ``under way`` nor ``away``."""
        until = time.monotonic() + RETRY_SECONDS
        while True:
            answer = await self.send(post)
            waits = answer.status_code in AWAY or _code(answer) == UNDER_WAY
            if not waits or time.monotonic() > until:
                return answer
            await asyncio.sleep(PAUSE_SECONDS)


async def _at_once(stage: Stage, caller: Caller, post: Post) -> None:
    answers = await asyncio.gather(*(caller.send(post) for _ in range(AT_ONCE)))
    stage.count("requests with a key already under way", AT_ONCE - 1)
    first = await caller.until_answered(post)
    told = Counter(_told(answer) for answer in answers if answer.status_code not in AWAY)
    stage.count("requests that nobody answered in time", AT_ONCE - told.total())
    others = {text: count for text, count in told.items() if text not in (_told(first), UNDER_WAY)}
    stage.none(f"{post.kind}: neither the first answer nor under way", list(others.items()))
    stage.check(f"{post.kind}: accepted", True, first.status_code in (200, 201, 202))
    stage.check(f"{post.kind}: sent again it is told as a replay", "true", first.headers.get("idempotent-replayed"))
    stage.check(f"{post.kind}: effects of {AT_ONCE} at once", 1, await post.effects())
    reused = await caller.send(post, post.other)
    stage.check(f"{post.kind}: another body", (422, REUSED), (reused.status_code, _code(reused)))


async def _strike_down(stage: Stage, caller: Caller, points: Points, point: Point, some: Sequence[Post]) -> None:
    """All three services are killed when a request of every kind stands at this point."""
    points.arm(point.name, *(post.key for post in some))
    under_way = [asyncio.create_task(caller.insist(post)) for post in some]
    stage.none(f"kinds that did not come to where they were {point.name}", await points.missing())
    for service in SERVICES:
        await stage.suite.kill(service)
        stage.count("kills with requests under way")
    for each in under_way:
        each.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
    await stage.suite.ready(SERVICES)


async def _after_the_crash(stage: Stage, caller: Caller, post: Post) -> None:
    first = await caller.until_answered(post)
    again = await caller.send(post)
    stage.check(f"{post.kind}: accepted after the crash", (200, True), _accepted(first))
    stage.check(f"{post.kind}: the same answer again", _told(first), _told(again))
    stage.check(f"{post.kind}: effects after the crash", 1, await post.effects())


def _accepted(answer: httpx2.Response) -> tuple[Any, bool]:
    good = answer.status_code in (200, 201, 202)
    return (200 if good else f"{answer.status_code} {_code(answer)}"), good


def _told(answer: httpx2.Response) -> str:
    """What an answer says, in short: its problem's code, or which resource it shows."""
    if answer.status_code >= 400:
        return _code(answer)
    content = answer.json()
    return f"{answer.status_code} {content.get('id') or [each['id'] for each in content['refunds']]}"


def _code(answer: httpx2.Response) -> str:
    return str(answer.json().get("code", "")) if answer.status_code >= 400 and answer.content else ""
