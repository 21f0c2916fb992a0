"""API keys as auth hands out tokens for them."""

import time
from typing import Any

from common.identity import tokens
from common.ids import new_id
from common.testing.harness import KEY, KEY_ID
from tests.gateway.backend import Answer, Backend, answer, json_of, read


def key_token(role: str, company_id: str, key_id: str | None = None, *scopes: str) -> str:
    """The token of a secret or publishable key."""
    name, now = key_id or new_id("key"), int(time.time())
    permissions = scopes or ("products.read",)
    claims = tokens.AccessClaims(
        name, name, role, company_id, (), None, None, permissions, now, now + 900, kind="key"
    )  # fmt: skip
    return tokens.encode(claims, KEY, KEY_ID)


def hand_out(given: dict[str, str]) -> Answer:
    """Auth's exchange for these keys; any other is unknown."""

    async def exchange(_: Backend, scope: Any, receive: Any, send: Any) -> None:
        token = given.get(json_of(await read(receive))["key"])
        if token is None:
            await answer(send, 404, {"code": "not_found"})
        else:
            await answer(send, 200, {"accessToken": token, "expiresIn": 900})

    return exchange
