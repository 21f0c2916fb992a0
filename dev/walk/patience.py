"""A client that comes back when it is told to slow down: limits are tested elsewhere, and here are in the way."""

import asyncio
from typing import Any

import httpx2

TRIES = 60
SLOW_DOWN = 429


class PatientClient(httpx2.AsyncClient):
    """Repeats a call that the gateway's limit refused, once it says the caller may."""

    async def request(self, method: str, url: Any, **arguments: Any) -> httpx2.Response:
        """The answer, or the last refusal after a minute or so of patience."""
        for _ in range(TRIES):
            answer = await super().request(method, url, **arguments)
            if answer.status_code != SLOW_DOWN or answer.json().get("code") != "rate_limited":
                break
            await asyncio.sleep(int(answer.headers["retry-after"]))
        return answer
