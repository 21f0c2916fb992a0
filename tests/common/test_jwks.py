"""Keys are fetched once for all who ask, and nobody is refused for asking meanwhile."""

import asyncio
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from common.errors import Unavailable
from common.identity.jwks import KeySet

pytestmark = pytest.mark.asyncio


class Auth:
    """Answers its key set when let."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.is_away = False
        key = jwt.algorithms.OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate().public_key(), as_dict=True)
        self._document = {"keys": [{**key, "kid": "first"}]}

    async def fetch(self) -> dict[str, Any]:
        self.asked += 1
        await self.may_answer.wait()
        if self.is_away:
            raise Unavailable("The auth service does not answer.")
        return self._document


class TestFind:
    async def test_lets_all_wait_for_the_first_fetch(self) -> None:
        auth = Auth()
        keys = KeySet(auth.fetch)
        asking = [asyncio.create_task(keys.find("first")) for _ in range(20)]
        await asyncio.sleep(0)
        auth.may_answer.set()
        assert None not in await asyncio.gather(*asking)
        assert auth.asked == 1

    async def test_tells_all_that_auth_is_away_and_asks_again(self) -> None:
        auth = Auth()
        auth.is_away = True
        keys = KeySet(auth.fetch)
        asking = [asyncio.create_task(keys.find("first")) for _ in range(20)]
        await asyncio.sleep(0)
        auth.may_answer.set()
        told = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(answer) for answer in told} == {Unavailable}
        auth.is_away = False
        assert await keys.find("first") is not None

    async def test_asks_nothing_for_a_stranger_within_seconds(self) -> None:
        auth = Auth()
        auth.may_answer.set()
        keys = KeySet(auth.fetch)
        assert await keys.find("first") is not None
        assert [await keys.find(f"stranger{number}") for number in range(5)] == [None] * 5
        assert auth.asked == 1
