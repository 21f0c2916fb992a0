"""A client of the suite as an outsider would write it: from the wire contract alone, checking each answer.

It stands for the clients that are written against API.md elsewhere and never seen here. So it knows nothing of the
services: what the contract promises of every answer is held on every answer, refusals included.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

import httpx2
import pytest

from tests.e2e.shapes import PROBLEM, check

CALL_SECONDS = 30.0
SETTLED_SECONDS = 30.0
PATIENCE_SECONDS = 70.0
"""How long a refusal for too many requests is waited out."""

WAIT = {"Prefer": "wait=10"}


class Client:
    """One caller; each answer is held to what API.md promises of all of them."""

    def __init__(self, url: str, **headers: str) -> None:
        self.url = url
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.last: httpx2.Response
        self._http = httpx2.Client(base_url=url, timeout=CALL_SECONDS)

    def other(self, **headers: str) -> "Client":
        """Another caller of the same gateway, who shares nothing with this one."""
        return Client(self.url, **headers)

    def bearing(self, token: str) -> Self:
        """From here on this access token is sent."""
        self.headers["Authorization"] = f"Bearer {token}"
        return self

    def __call__(self, status: int, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The body of an answer with exactly this status."""
        answer = self.send(method, path, body, **more)
        said = f"{method} {path} {more or ''}: {answer.status_code}, not {status}: {answer.text[:600]}"
        assert answer.status_code == status, said
        return answer.json() if answer.content else None

    def get(self, path: str, *, status: int = 200, headers: dict[str, str] | None = None, **query: Any) -> Any:
        return self(status, "GET", path, headers=headers, query=query)

    def post(self, path: str, body: Any = None, *, status: int = 201, headers: dict[str, str] | None = None) -> Any:
        return self(status, "POST", path, body, headers=headers)

    def patch(self, path: str, body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Any:
        return self(status, "PATCH", path, body, headers=headers)

    def delete(self, path: str, *, status: int = 204, **query: Any) -> Any:
        return self(status, "DELETE", path, query=query)

    def refused(self, status: int, code: str | None, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The problem that this call is refused with."""
        problem = self(status, method, path, body, **more)
        said = f"{method} {path}: {problem}"
        assert code is None or problem["code"] == code, said
        return problem

    def walk(self, path: str, limit: int, **query: Any) -> Iterator[Any]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            page = self.get(path, limit=limit, **query, **({"cursor": cursor} if cursor else {}))
            assert len(page["items"]) <= limit
            yield from page["items"]
            cursor = page["nextCursor"]
            if cursor is None:
                return

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx2.Response:
        """One request; too many requests are waited out as the answer says."""
        given: dict[str, Any] = {"headers": {**self.headers, **(headers or {})}, "params": query}
        if content is not None:
            given["content"] = content
        elif body is not None:
            given["json"] = body
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.last = self._http.request(method, path, **given)
            _hold_to_the_contract(answer)
            if answer.status_code != 429 or time.monotonic() > until:
                return answer
            time.sleep(int(answer.headers["Retry-After"]))


def _hold_to_the_contract(answer: httpx2.Response) -> None:
    place = f"{answer.request.method} {answer.request.url}"
    assert answer.status_code < 500 or answer.status_code == 501, f"{place}: {answer.status_code} {answer.text[:600]}"
    assert answer.headers.get("X-Request-ID"), f"{place}: no X-Request-ID"
    for name in ("Limit", "Remaining", "Reset"):
        assert answer.headers.get(f"RateLimit-{name}", "").isdecimal(), f"{place}: no RateLimit-{name}"
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"].startswith("application/problem+json"), f"{place}: {answer.headers}"
        problem = check(answer.json(), PROBLEM, place)
        assert problem["status"] == answer.status_code
        assert problem["requestId"] == answer.headers["X-Request-ID"]
        assert "Traceback" not in answer.text
    if answer.status_code == 401:
        assert answer.headers.get("WWW-Authenticate"), f"{place}: no WWW-Authenticate"
    if answer.status_code == 429:
        assert answer.headers.get("Retry-After", "").isdecimal(), f"{place}: no Retry-After"


def eventually(ask: Callable[[], Any], holds: Callable[[Any], Any], deadline_seconds: float = SETTLED_SECONDS) -> Any:
    """Ask until it holds; fails with the last answer at the deadline."""
    until = time.monotonic() + deadline_seconds
    while True:
        answer = ask()
        if holds(answer):
            return answer
        if time.monotonic() > until:
            pytest.fail(f"did not come true within {deadline_seconds} s; last answer: {answer}")
        time.sleep(0.05)


def stops_working(client: Client, path: str, deadline_seconds: float = 5.0) -> None:
    """The caller's credentials are refused within the promised time."""
    eventually(lambda: client.send("GET", path).status_code, lambda status: status in (401, 403), deadline_seconds)


def eur(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def some(prefix: str = "x") -> str:
    """A word that nobody else uses."""
    return f"{prefix}-{secrets.token_hex(5)}"
