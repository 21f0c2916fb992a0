"""Answers that many ask for, kept as they were sent until what they show changes.

Visitors look at the same pages. A kept answer costs neither the database nor a model nor JSON: it is bytes. Only who
sees what every visitor sees is answered so; staff always see what is stored. An answer is given up when this process
changes something of its company below the kept addresses, or hears that another one did (``KeptAnswers.forget``); its
age bounds what neither of them tells.
"""

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import Counter
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import DomainError
from common.identity.principal import Principal
from common.kept_answers import KeptAnswers, Key

PRECONDITIONS = frozenset({b"if-none-match", b"if-modified-since", b"range"})

_given = Counter("markethall_kept_answers_total", "Answers given as they were kept")


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a service keeps answers of: GETs ``below`` these prefixes, for callers who ``see_the_same``."""

    below: tuple[str, ...]
    see_the_same: Callable[[Principal], bool]


class Keeper:
    """Gives kept answers, keeps new ones, and forgets a company's when something below the prefixes is written."""

    def __init__(self, app: ASGIApp, keeping: Keeping) -> None:
        self._app = app
        self._below = keeping.below
        self._see_the_same = keeping.see_the_same

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._below):
            await self._app(scope, receive, send)
        elif scope["method"] != "GET":
            await self._write(scope, receive, send)
        elif any(name in PRECONDITIONS for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
        else:
            await self._read(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = await _caller_of(scope)
        if who is None or who.tenant_id is None or not self._see_the_same(who):
            await self._app(scope, receive, send)
            return
        key = (who.tenant_id, scope["path"], scope["query_string"])
        answers = _answers_of(scope)
        answer = answers.find(key)
        if answer is None:
            await self._keep(answers, key, scope, receive, send)
            return
        _given.inc()
        scope["route"] = answer.route
        await send({**answer.start})
        await send({"type": "http.response.body", "body": answer.body})

    async def _keep(self, answers: KeptAnswers, key: Key, scope: Scope, receive: Receive, send: Send) -> None:
        generation = answers.generation_of(key[0])
        start: Message = {}

        async def watch(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = {**message}
            elif start.get("status") == 200 and not message.get("more_body", False):
                answers.keep(key, start, message.get("body", b""), scope.get("route"), generation)
                start = {}
            else:
                start = {}  # in pieces, or no answer that would be the same again
            await send(message)

        await self._app(scope, receive, watch)

    async def _write(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = await _caller_of(scope)
        company_id = who.tenant_id if who is not None else None
        if company_id is None:
            await self._app(scope, receive, send)
            return

        answers = _answers_of(scope)

        is_refused = False  # and has changed nothing: nobody makes a company forget by asking for what he may not

        async def forgetting(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start":
                is_refused = 400 <= message["status"] < 500
            if not is_refused:
                answers.forget(company_id)  # before anybody can know that it was written
            await send(message)

        try:
            await self._app(scope, receive, forgetting)
        finally:
            if not is_refused:
                answers.forget(company_id)


def _answers_of(scope: Scope) -> KeptAnswers:
    answers: KeptAnswers = scope["app"].state.runtime.kept
    return answers


async def _caller_of(scope: Scope) -> Principal | None:
    """The caller, whom the route will find identified already; None leaves the refusal to the route."""
    try:
        principal: Principal = await scope["app"].state.runtime.identify(Request(scope))
    except DomainError:
        return None
    return principal
