"""The hostile corpus, sent to every route: the documented refusal each time, and nothing changed."""

from dataclasses import dataclass, field
from urllib.parse import quote

import httpx2

from dev.walk import hostile
from dev.walk.callers import ADMIN, CUSTOMER, EXPIRED, SUPER, Caller
from dev.walk.forging import Forge
from dev.walk.places import is_all_rejected
from dev.walk.report import Finding
from dev.walk.rows import Row
from dev.walk.world import World
from services.gateway.domain.rates import kind_of

CALL_SECONDS = 60.0
LIST_QUERIES = (
    "limit=0",
    "limit=101",
    "limit=-1",
    "limit=ten",
    "limit[$gt]=1",
    "cursor=nonsense",
    "cursor=%00",
    "sort=password",
    "sort=-%24where",
    "colour=red",
)


@dataclass(slots=True)
class Siege:
    """What was sent, and what was answered otherwise than documented."""

    http: httpx2.AsyncClient
    calls: int = 0
    server_errors: list[Finding] = field(default_factory=list)
    wrong: list[Finding] = field(default_factory=list)

    async def bodies(self, row: Row, world: World, caller: Caller) -> None:
        """Every hostile body, from somebody who may call the route with a good one."""
        assert row.body is not None
        made = row.body(world)
        valid = await made if hasattr(made, "__await__") else made
        path = await _path(row, world)
        for each in hostile.bodies(valid):
            if each.what in row.harmless:
                continue
            headers = {**caller.headers, **row.headers, **each.headers}
            answer = await self.http.request(row.method, path, content=each.content, headers=headers)
            self._judge(row, caller.name, each.what, each.expected | row.also_refused, answer)

    async def headers(self, row: Row, world: World, caller: Caller) -> None:
        """Header values that are none, beside a body that is refused anyway."""
        path = await _path(row, world)
        for name, value in (("Idempotency-Key", "x" * 256), ("If-Match", "\u00ff" * 20), ("X-Request-ID", "x" * 5000)):
            headers = {**caller.headers, name: value.encode("latin-1")}
            answer = await self.http.request(row.method, path, json={"no": "such"}, headers=headers)  # type: ignore[arg-type]
            self._judge(row, caller.name, f"{name} out of bounds", frozenset({400, 412, 422}), answer)

    async def tokens(self, row: Row, world: World, forge: Forge, stranger: Forge, good: str) -> None:
        """Every false token, on a route that asks who calls."""
        path = await _path(row, world)
        for what, token in hostile.tokens(forge, good, stranger):
            answer = await self.http.request(row.method, path, headers={"Authorization": f"Bearer {token}"})
            self._judge(row, "forged", what, frozenset({401}), answer)

    async def queries(self, row: Row, world: World, caller: Caller) -> None:
        """Parameters that no list takes."""
        path = await _path(row, world)
        plain = await self.http.get(path, headers=caller.headers)
        if plain.status_code != 200 or not plain.headers.get("content-type", "").startswith("application/json"):
            return
        if "nextCursor" not in plain.json():
            return
        for query in LIST_QUERIES:
            answer = await self.http.get(f"{path}?{query}", headers=caller.headers)
            self._judge(row, caller.name, f"?{query}", frozenset({422}), answer)

    async def paths(self, row: Row, world: World, caller: Caller) -> None:
        """Ids that are none."""
        for wrong in ("%00", "..%2f..%2fetc", "%7B%22%24gt%22%3A%22%22%7D", "x" * 3000, "\u2028", "' OR 1=1 --"):
            path = row.path
            for name in row.ids:
                text = wrong if "%" in wrong else quote(wrong, safe="")
                path = path.replace("{" + name + "}", text).replace("{" + name + ":path}", text)
            answer = await self.http.request(row.method, path, headers=caller.headers, json={})
            self._judge(row, caller.name, f"id {wrong[:20]!r}", frozenset({400, 404, 405, 409, 414, 422, 431}), answer)

    def _judge(self, row: Row, caller: str, what: str, expected: frozenset[int], answer: httpx2.Response) -> None:
        self.calls += 1
        finding = Finding(row.route, caller, what, str(sorted(expected)), f"{answer.status_code} {answer.text[:160]}")
        if answer.status_code >= 500:
            self.server_errors.append(finding)
        elif not (answer.status_code in expected and _is_problem(answer)) and not is_all_rejected(answer):
            self.wrong.append(finding)


def _is_problem(answer: httpx2.Response) -> bool:
    return answer.headers.get("content-type", "").startswith("application/problem+json") and "code" in answer.json()


async def _path(row: Row, world: World) -> str:
    path = row.path
    for name, kind in row.ids.items():
        value = await world.id_of(kind)
        path = path.replace("{" + name + "}", quote(value, safe="")).replace("{" + name + ":path}", quote(value))
    return path


def besieger(row: Row, callers: dict[str, Caller]) -> Caller:
    """Who sends the corpus: the company's admin where it may, else whoever may."""
    return callers[next(name for name in (ADMIN, CUSTOMER, SUPER, *sorted(row.may)) if name in row.may)]


async def besiege(
    http: httpx2.AsyncClient, rows: list[Row], world: World, who: dict[str, Caller], forge: Forge
) -> Siege:
    """Send the corpus to every row of the table; false tokens not where secrets are tried and few calls allowed."""
    siege = Siege(http)
    stranger = Forge.random()
    good = who[ADMIN].headers["Authorization"].removeprefix("Bearer ")
    for row in rows:
        caller = besieger(row, who)
        if row.body is not None:
            await siege.bodies(row, world, caller)
            await siege.headers(row, world, caller)
        if row.method == "GET":
            await siege.queries(row, world, caller)
        if row.ids:
            await siege.paths(row, world, caller)
        if EXPIRED not in row.may and row.content is None and kind_of(row.method, row.path) != "sign_in":
            await siege.tokens(row, world, forge, stranger, good)
    return siege
