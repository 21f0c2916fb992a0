"""Calls through the gateway that survive a service falling over: the same key until there is an answer."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Self

import httpx2

from common.ids import sortable_part

ANSWER_SECONDS = 120.0
"""How long one call is repeated while services are away."""

CALL_SECONDS = 30.0
PAGE = 100
AWAY = (502, 503, 504)


class Refused(Exception):
    """The suite said no; ``problem`` is its RFC 9457 document."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')} {problem.get('errors', '')}")
        self.status = status
        self.problem = problem
        self.code = str(problem.get("code", ""))


class Api:
    """One signed-in caller of the gateway."""

    def __init__(self, base_url: str, *, tenant: str | None = None) -> None:
        self.base_url = base_url
        self._http = httpx2.AsyncClient(
            base_url=base_url, timeout=CALL_SECONDS, limits=httpx2.Limits(max_connections=64)
        )
        self._tenant = tenant
        self._login: tuple[str, str] | None = None
        self._token: str | None = None
        self._signing_in = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def sign_in(self, email: str, password: str) -> dict[str, Any]:
        """Sign in, and again whenever the token has run out. Raises Refused."""
        self._login = (email, password)
        self._token = None
        answer: dict[str, Any] = await self.post("/api/auth/login", {"email": email, "password": password})
        self._token = answer["accessToken"]
        return answer

    async def register(self, email: str, password: str, name: str) -> dict[str, Any]:
        """Register as a customer of the tenant, and stay signed in. Raises Refused."""
        body = {"email": email, "password": password, "role": "customer", "name": name}
        answer: dict[str, Any] = await self.post("/api/auth/register", body)
        self._login, self._token = (email, password), answer["accessToken"]
        return answer

    async def get(self, path: str, **query: Any) -> Any:
        """GET; raises Refused."""
        return await self._call("GET", path, params={k: v for k, v in query.items() if v is not None})

    async def post(self, path: str, body: Any, *, key: str | None = None, **headers: str) -> Any:
        """POST with an Idempotency-Key that stays the same over repetitions; raises Refused."""
        headers["Idempotency-Key"] = key or sortable_part()
        return await self._call("POST", path, json=body, headers=headers)

    async def patch(self, path: str, body: Any) -> Any:
        """PATCH; raises Refused."""
        return await self._call("PATCH", path, json=body)

    async def delete(self, path: str) -> Any:
        """DELETE; raises Refused."""
        return await self._call("DELETE", path)

    async def every(self, path: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            page = await self.get(path, limit=PAGE, cursor=cursor, **query)
            for item in page["items"]:
                yield item
            cursor = page["nextCursor"]
            if cursor is None:
                return

    async def _call(self, method: str, path: str, **arguments: Any) -> Any:
        until = time.monotonic() + ANSWER_SECONDS
        pause, renewed = 0.1, False
        headers = arguments.pop("headers", {})
        while True:
            token = self._token
            try:
                answer = await self._http.request(method, path, headers={**headers, **self.identity()}, **arguments)
            except httpx2.HTTPError as error:
                if time.monotonic() > until:
                    raise Refused(0, {"code": "no_answer", "detail": repr(error)}) from error
                answer = None
            if answer is not None:
                if answer.status_code == 401 and self._login and token and not renewed:
                    renewed = True
                    await self._renew(token)
                    continue
                if not _is_away(answer) or time.monotonic() > until:
                    return _read(answer)
                pause = max(pause, int(answer.headers.get("retry-after", "0")))
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    def identity(self) -> dict[str, str]:
        """The headers that say who calls, and for which company."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return headers | ({"X-Tenant-ID": self._tenant} if self._tenant else {})

    async def _renew(self, spent: str) -> None:
        async with self._signing_in:
            if self._token == spent and self._login:
                await self.sign_in(*self._login)


def _is_away(answer: httpx2.Response) -> bool:
    if answer.status_code in AWAY or answer.status_code == 429:
        return True
    return answer.status_code == 409 and answer.json().get("code") == "request_in_progress"


def _read(answer: httpx2.Response) -> Any:
    content = answer.json() if answer.content else None
    if answer.status_code >= 400:
        raise Refused(answer.status_code, content or {})
    return content
