"""Expands the table into calls, makes them, and judges each answer."""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from dev.home import Home
from dev.trading import Refused
from dev.walk.callers import CALLERS, Caller
from dev.walk.internals import knock
from dev.walk.judging import Judge
from dev.walk.patience import PatientClient
from dev.walk.places import replaced
from dev.walk.plan import Plan
from dev.walk.report import Finding, Report
from dev.walk.rows import Row
from dev.walk.standing_in import stand_in
from dev.walk.world import NotMade, World

CALL_SECONDS = 30.0
READERS = 4
"""Rows that only read are walked so many at a time; what one of them shows does not depend on another."""

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
"""Reads before writes before deletions: what is used up is used last."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call: whose ids stand where, and which answers are right."""

    variation: str
    ids: dict[str, str]
    query: dict[str, str]
    body: Any
    expected: frozenset[int]

    @property
    def is_foreign(self) -> bool:
        """Whether a success would itself be a leak."""
        return self.variation.startswith("another company's") and "?" not in self.variation


async def walk(home: Home, own: World, foreign: World, callers: dict[str, Caller], plan: Plan) -> Report:
    """Call every address of the plan as its row says, and knock at those between services."""
    report = Report(routes=plan.routes, others=len(plan.others) + len(plan.internals))
    walked = Walk(own, foreign, callers, report)
    by_route = {row.route: row for row in plan.rows}
    report.missing_rows = sorted(plan.routes - by_route.keys())
    report.unknown_rows = sorted(by_route.keys() - plan.routes)
    await walked.along([by_route[route] for route in plan.routes & by_route.keys()])
    await walked.along(plan.others)
    await knock(home, plan.internals, own.known("company"), callers, report)
    return report


@dataclass(frozen=True, slots=True)
class Walk:
    """One company under attack, a stranger whose ids are tried, and everybody who calls."""

    own: World
    foreign: World
    callers: dict[str, Caller]
    report: Report

    async def along(self, rows: Iterable[Row]) -> None:
        """Call every row as it says; all callers belong to the company under attack."""
        ordered = sorted(rows, key=lambda row: (METHODS.index(row.method), row.path))
        readers = asyncio.Semaphore(READERS)
        async with PatientClient(base_url=self.own.base_url, timeout=CALL_SECONDS) as http:
            visit = Visit(http, self)

            async def read(row: Row) -> None:
                async with readers:
                    await visit.row(row)

            await asyncio.gather(*(read(row) for row in ordered if row.method == "GET"))
            for row in ordered:
                if row.method != "GET":
                    await visit.row(row)


@dataclass(frozen=True, slots=True)
class Visit:
    """The calls of one walk over one client."""

    http: httpx2.AsyncClient
    walk: Walk

    async def row(self, row: Row) -> None:
        """Walk one row; what it needs and cannot be made is a finding, too."""
        try:
            await self._walk(row)
        except (NotMade, Refused) as error:
            self.walk.report.wrong.append(Finding(row.route, "nobody", "made for it", "what the row needs", str(error)))

    async def _walk(self, row: Row) -> None:
        """Whatever is refused is tried at once, whatever may succeed one after another."""
        await self._prepare(row)
        for name in CALLERS:
            caller = self.walk.callers[name]
            steps = await self._steps(row, caller)
            if name in row.may:
                await asyncio.gather(*(self._try(row, caller, step) for step in steps[:-1]))
                await self._try(row, caller, steps[-1])
            else:
                await asyncio.gather(*(self._try(row, caller, step) for step in steps))

    async def _prepare(self, row: Row) -> None:
        own, foreign = self.walk.own, self.walk.foreign
        kinds = {*row.ids.values(), *row.query.values(), *row.body_ids.values()}
        hidden = {kind for named in row.hidden.values() for kind in named.values()}
        for kind in sorted(kinds):
            await asyncio.gather(own.id_of(kind), foreign.id_of(kind))
        for kind in sorted(hidden):
            await own.id_of(kind)

    async def _steps(self, row: Row, caller: Caller) -> list[Step]:
        """What one caller tries on one route: what is hidden first, its own at the end."""
        own, foreign = self.walk.own, self.walk.foreign
        may = caller.name in row.may
        refusal = frozenset({row.refused.get(caller.name, caller.refusal())})
        ids = {name: own.known(kind) for name, kind in row.ids.items()}
        fixed = {name: value for name, value in row.fixed.items() if "{" + name + "}" not in row.path}
        body = await _body(row, own)
        steps = []
        for name, kind in row.ids.items():
            expected = (row.foreign if may else refusal) | (row.misnamed if name == row.tenant else frozenset())
            others = expected | row.ok if caller.name in row.sees_all else expected
            steps.append(Step(f"another company's {name}", ids | {name: foreign.known(kind)}, fixed, body, others))
            steps.append(Step(f"no such {name}", ids | {name: _absent(kind, own)}, fixed, body, expected))
        for name, kind in row.hidden.get(caller.name, {}).items():
            steps.append(Step(f"hidden {name}", ids | {name: own.known(kind)}, fixed, body, row.foreign))
        for name, kind in row.query.items():
            expected = row.ok | row.foreign | {422} if may else refusal
            query = fixed | {name: foreign.known(kind)}
            steps.append(Step(f"another company's ?{name}", ids, query, body, expected))
        for place, kind in row.body_ids.items():
            expected = row.foreign_in_body if may else refusal
            changed = replaced(await _body(row, own), place, foreign.known(kind))
            steps.append(Step(f"another company's {place}", ids, fixed, changed, expected))
        if may:
            fresh = {name: await own.id_of(row.ids[name], fresh=True) for name in row.fresh}
            expected = row.answers.get(caller.name, row.ok)
            return [*steps, Step("its own", ids | fresh, fixed, await _body(row, own), expected)]
        return [*steps, Step("its own", ids, fixed, body, refusal)]

    async def _try(self, row: Row, caller: Caller, step: Step) -> None:
        may_succeed = step.variation == "its own" and caller.name in row.may
        if may_succeed and caller.name in row.spared:
            return
        headers = caller.headers
        if may_succeed and row.throwaway:
            headers = await stand_in(self.walk.own, caller.name)
        answer = await send(self.http, row, step, headers)
        Judge(self.walk.own, self.walk.foreign, self.walk.report).judge(row, caller, step, answer)


async def _body(row: Row, own: World) -> Any:
    if row.body is None:
        return None
    made = row.body(own)
    return await made if hasattr(made, "__await__") else made


def _absent(kind: str, own: World) -> str:
    """An id of the right shape that nobody has."""
    prefix, separator, _ = own.known(kind).partition("_")
    return f"{prefix}_0{secrets.token_hex(12)}" if separator and len(prefix) <= 4 else f"none-{secrets.token_hex(6)}"


async def send(http: httpx2.AsyncClient, row: Row, step: Step, headers: dict[str, str]) -> httpx2.Response:
    """One call as a step says."""
    path = row.path
    for name, value in {**row.fixed, **step.ids}.items():
        path = path.replace("{" + name + "}", quote(value, safe="")).replace("{" + name + ":path}", quote(value))
    headers = {**headers, **row.headers}
    if row.content is not None:
        return await http.request(row.method, path, params=step.query, content=row.content, headers=headers)
    if step.body is None:
        return await http.request(row.method, path, params=step.query, headers=headers)
    return await http.request(row.method, path, params=step.query, json=step.body, headers=headers)
