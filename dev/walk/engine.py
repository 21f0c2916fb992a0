"""Expands the table into calls, makes them one after another, and judges each answer."""

import copy
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from dev.walk.callers import CALLERS, Caller
from dev.walk.report import Finding, Report
from dev.walk.rows import Row
from dev.walk.world import World

CALL_SECONDS = 30.0


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


async def walk(own: World, foreign: World, callers: dict[str, Caller], rows: list[Row], routes: set[str]) -> Report:
    """Call every route of ``routes`` as its row says; ``callers`` all belong to ``own``."""
    report = Report(routes=routes)
    by_route = {row.route: row for row in rows}
    report.missing_rows = sorted(routes - by_route.keys())
    report.unknown_rows = sorted(by_route.keys() - routes)
    async with httpx2.AsyncClient(base_url=own.base_url, timeout=CALL_SECONDS) as http:
        for route in sorted(routes & by_route.keys(), key=_gentle_first):
            await _walk_row(http, by_route[route], own, foreign, callers, report)
    return report


def _gentle_first(route: str) -> tuple[int, str]:
    """Reads before writes before deletions: what is used up is used last."""
    method, _, path = route.partition(" ")
    return ("GET", "POST", "PATCH", "PUT", "DELETE").index(method), path


async def _walk_row(
    http: httpx2.AsyncClient, row: Row, own: World, foreign: World, callers: dict[str, Caller], report: Report
) -> None:
    for kind in {*row.ids.values(), *row.query.values(), *row.body_ids.values()}:
        await own.id_of(kind)
        await foreign.id_of(kind)
    for hidden in row.hidden.values():
        for kind in hidden.values():
            await own.id_of(kind)
    for name in CALLERS:
        caller = callers[name]
        for step in await _steps(row, caller, own, foreign):
            answer = await _send(http, row, caller, step)
            report.calls += 1
            report.by_caller[name] += 1
            _judge(row, caller, step, answer, foreign, report)


async def _steps(row: Row, caller: Caller, own: World, foreign: World) -> list[Step]:
    """What one caller tries on one route: what is hidden first, its own at the end."""
    may = caller.name in row.may
    refusal = frozenset({row.refused.get(caller.name, caller.refusal())})
    ids = {name: own.known(kind) for name, kind in row.ids.items()}
    query: dict[str, str] = {}
    body = await _body(row, own)
    steps = []
    for name, kind in row.ids.items():
        expected = row.foreign if may else refusal
        others = row.ok if caller.name in row.sees_all else expected
        steps.append(Step(f"another company's {name}", ids | {name: foreign.known(kind)}, query, body, others))
        steps.append(Step(f"no such {name}", ids | {name: _absent(kind, own)}, query, body, expected))
    for name, kind in row.hidden.get(caller.name, {}).items():
        steps.append(Step(f"hidden {name}", ids | {name: own.known(kind)}, query, body, row.foreign))
    for name, kind in row.query.items():
        expected = row.ok | row.foreign | {422} if may else refusal
        steps.append(Step(f"another company's ?{name}", ids, {name: foreign.known(kind)}, body, expected))
    for place, kind in row.body_ids.items():
        expected = row.foreign_in_body if may else refusal
        steps.append(
            Step(f"another company's {place}", ids, query, _replaced(body, place, foreign.known(kind)), expected)
        )
    if may:
        fresh = {name: await own.id_of(row.ids[name], fresh=True) for name in row.fresh}
        expected = row.answers.get(caller.name, row.ok)
        steps.append(Step("its own", ids | fresh, query, await _body(row, own), expected))
    else:
        steps.append(Step("its own", ids, query, body, refusal))
    return steps


async def _body(row: Row, own: World) -> Any:
    if row.body is None:
        return None
    made = row.body(own)
    return await made if hasattr(made, "__await__") else made


def _absent(kind: str, own: World) -> str:
    """An id of the right shape that nobody has."""
    prefix, separator, _ = own.known(kind).partition("_")
    return f"{prefix}_0{secrets.token_hex(12)}" if separator and len(prefix) <= 4 else f"none-{secrets.token_hex(6)}"


def _replaced(body: Any, place: str, value: str) -> Any:
    """The body with another value at a dotted place."""
    changed = copy.deepcopy(body)
    *path, last = place.split(".")
    inner = changed
    for step in path:
        inner = inner[int(step)] if step.isdigit() else inner[step]
    if last.isdigit():
        inner[int(last)] = value
    else:
        inner[last] = value
    return changed


async def _send(http: httpx2.AsyncClient, row: Row, caller: Caller, step: Step) -> httpx2.Response:
    path = row.path
    for name, value in step.ids.items():
        path = path.replace("{" + name + "}", quote(value, safe="")).replace("{" + name + ":path}", quote(value))
    headers = {**caller.headers, **row.headers}
    if row.content is not None:
        return await http.request(row.method, path, params=step.query, content=row.content, headers=headers)
    if step.body is None:
        return await http.request(row.method, path, params=step.query, headers=headers)
    return await http.request(row.method, path, params=step.query, json=step.body, headers=headers)


def _judge(row: Row, caller: Caller, step: Step, answer: httpx2.Response, foreign: World, report: Report) -> None:
    told = f"{answer.status_code} {answer.text[:160]}"
    sought = " or ".join(map(str, sorted(step.expected)))
    finding = Finding(row.route, caller.name, step.variation, sought, told)
    if answer.status_code not in step.expected:
        report.wrong.append(finding)
    if answer.status_code >= 500 and answer.status_code not in step.expected:
        return
    if caller.name in row.sees_all:
        return
    sent = f"{answer.request.url} {answer.request.content!r}"
    shows = any(secret in answer.text and secret not in sent for secret in _secrets(foreign))
    if shows or (step.is_foreign and answer.status_code < 300):
        report.leaks.append(finding)


def _secrets(foreign: World) -> Iterator[str]:
    """Texts that only the other company has."""
    yield foreign.mark
    yield from foreign.made
