"""Row 20: what comes of one refresh token that is used more than once."""

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

import httpx2

from dev.prove.guarantees.identity_doors import CALL_SECONDS, REVOKED, Doors, Held, bearer, session_of, signed_in
from dev.prove.rows import guarantee
from dev.prove.stage import Stage
from dev.prove.trade import House, found

AT_ONCE = 50
BUSY = 503
GRACE_SECONDS = 10.0
"""As the contract states it; a second more is waited."""

REFUSED_SECONDS = 5.0
SERVED_SECONDS = 10.0
Tokens = dict[str, Any]


@guarantee(
    20,
    "refresh reuse",
    "50 refreshes at once with one token: 1 successor; an answer that was lost: the retry works; "
    "the old token after the 10 s of grace: its family is dead ≤ 5 s at gateway, services and sockets",
)
async def a_refresh_token_works_once(stage: Stage) -> None:
    house = await found(stage.suite, "refresh", goods=0)
    limits = httpx2.Limits(max_connections=AT_ONCE)
    async with (
        httpx2.AsyncClient(base_url=stage.suite.gateway, timeout=CALL_SECONDS, limits=limits) as http,
        Doors(stage.suite) as doors,
    ):
        bystander = await signed_in(http, house.admin_email)
        await asyncio.gather(
            _at_once(stage, http, house),
            _lost_answers(stage, http, house),
            *(_after_the_grace(stage, http, doors, house) for _ in range(stage.pick(1, 4))),
            *(_overtaken(stage, http, doors, house) for _ in range(stage.pick(1, 4))),
        )
        answer = await refresh(http, bystander["refreshToken"])
        stage.check("the person's other session goes on: status of its refresh", 200, answer.status_code)
    await house.close()


async def refresh(http: httpx2.AsyncClient, token: str) -> httpx2.Response:
    """One refresh; who is told that there is too much to do comes again when it says."""
    until = time.monotonic() + GRACE_SECONDS
    while True:
        answer = await http.post("/api/auth/refresh", json={"refreshToken": token})
        pause = float(answer.headers.get("Retry-After", 0)) if answer.status_code == BUSY else 0.0
        if not pause or time.monotonic() + pause > until:
            return answer
        await asyncio.sleep(pause)


async def _at_once(stage: Stage, http: httpx2.AsyncClient, house: House) -> None:
    """Fifty at once, and fifty with what came of them, and so on down one family after another."""
    strange: list[str] = []
    widest = 0
    for _ in range(stage.pick(2, 10)):
        token = (await signed_in(http, house.admin_email))["refreshToken"]
        for _ in range(stage.pick(2, 4)):
            answers = await asyncio.gather(*(refresh(http, token) for _ in range(AT_ONCE)))
            stage.count("refreshes sent fifty at once", AT_ONCE)
            strange += [f"{each.status_code} {each.text[:80]}" for each in answers if each.status_code != 200]
            successors = {each.json()["refreshToken"] for each in answers if each.status_code == 200}
            widest = max(widest, len(successors))
            token = min(successors, default=token)
        working = await refresh(http, token)
        if working.status_code != 200:
            strange.append(f"the successor: {working.status_code}")
    stage.check("successors of one refresh token", 1, widest)
    stage.none("refreshes within the grace that were refused", strange)


async def _lost_answers(stage: Stage, http: httpx2.AsyncClient, house: House) -> None:
    """The request arrives, the client's connection is gone before the answer: the same token brings it again."""
    refused: list[str] = []
    unserved = 0
    for number in range(stage.pick(6, 40)):
        session = await signed_in(http, house.admin_email)
        unserved += not await _refresh_and_hang_up(stage, session, waits=number % 2 == 0)
        retried = await refresh(http, session["refreshToken"])
        told = [retried.status_code]
        if retried.status_code == 200:
            told.append((await refresh(http, retried.json()["refreshToken"])).status_code)
        if told != [200, 200]:
            refused.append(str(told))
        stage.count("answers lost")
    stage.check("lost refreshes that were never served", 0, unserved)
    stage.none("retries after a lost answer that did not lead on", refused)


async def _refresh_and_hang_up(stage: Stage, session: Tokens, *, waits: bool) -> bool:
    """Send a refresh and hang up without reading: ``waits`` until it was served, else at once. False: it never was."""
    address = urlsplit(stage.suite.gateway)
    body = f'{{"refreshToken":"{session["refreshToken"]}"}}'
    head = (
        f"POST /api/auth/refresh HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write((head + body).encode())
    await writer.drain()
    is_served = not waits or await _is_rotated(stage, session_of(session["accessToken"]))
    writer.transport.abort()
    return is_served


async def _is_rotated(stage: Stage, session_id: str) -> bool:
    until = time.monotonic() + SERVED_SECONDS
    while time.monotonic() < until:
        if await stage.suite.database("auth")["sessions"].find_one({"_id": session_id, "rotatedAt": {"$ne": None}}):
            return True
        await asyncio.sleep(0.01)
    return False


async def _after_the_grace(stage: Stage, http: httpx2.AsyncClient, doors: Doors, house: House) -> None:
    """The predecessor comes back a second after its grace: somebody else has it, and the family ends."""
    first = await signed_in(http, house.admin_email)
    second = (await refresh(http, first["refreshToken"])).json()
    held = await _hold(stage, doors, house, second)
    await asyncio.sleep(GRACE_SECONDS + 1)
    await _is_dead(stage, http, doors, held, spent=first, current=second, why="the old token after the grace")


async def _overtaken(stage: Stage, http: httpx2.AsyncClient, doors: Doors, house: House) -> None:
    """A token two successors old has no grace."""
    first = await signed_in(http, house.admin_email)
    second = (await refresh(http, first["refreshToken"])).json()
    third = (await refresh(http, second["refreshToken"])).json()
    held = await _hold(stage, doors, house, third)
    await _is_dead(stage, http, doors, held, spent=first, current=third, why="a token two successors old")


async def _hold(stage: Stage, doors: Doors, house: House, tokens: Tokens) -> Held:
    headers = bearer(tokens["accessToken"])
    socket = await doors.socket(headers, ["orders"])
    await socket.until("subscribed")
    held = Held("family", headers, tokens["accessToken"], house.company_id, socket)
    stage.none("doors that did not take a good token", await held.is_known(doors))
    return held


async def _is_dead(
    stage: Stage, http: httpx2.AsyncClient, doors: Doors, held: Held, *, spent: Tokens, current: Tokens, why: str
) -> None:
    answer = await refresh(http, spent["refreshToken"])
    stage.check(f"{why}: the answer", (401, "refresh_reused"), (answer.status_code, answer.json().get("code")))
    seconds = await held.until_refused(doors, REFUSED_SECONDS)
    last = max(seconds, key=lambda door: seconds[door])
    stage.at_most(
        f"{why}: seconds until the last of {len(seconds)} doors ({last}) refuses", REFUSED_SECONDS, seconds[last]
    )
    stage.check(f"{why}: the open socket's close code", REVOKED, held.socket.code)
    answer = await refresh(http, current["refreshToken"])
    stage.check(f"{why}: the family's current token", 401, answer.status_code)
    stage.count("families ended by reuse")
    await held.socket.close()
