"""Signing keys follow one another while two copies serve, and nobody is refused."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import pytest_asyncio

from common.identity.jwks import KeySet
from common.identity.revocation import Revocations
from common.identity.tokens import TokenVerifier
from common.testing import Harness, Infrastructure
from tests.auth.conftest import address, eventually, post, register

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUICK = {"MARKETHALL_SIGNING_KEY_LEAD_SECONDS": "7", "MARKETHALL_SIGNING_KEY_POLL_SECONDS": "0.2"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def copies(infrastructure: Infrastructure) -> AsyncIterator[list[Harness]]:
    """Two copies of the service on one database."""
    async with Harness("auth", infrastructure, **QUICK) as one, Harness("auth", infrastructure, **QUICK) as other:
        yield [one, other]


def key_id(token: str) -> str:
    """The key that signed a token."""
    return str(jwt.get_unverified_header(token)["kid"])


async def published(copy: Harness) -> dict[str, Any]:
    """The key set that a copy shows."""
    async with copy.client() as client:
        document: dict[str, Any] = (await client.get("/.well-known/jwks.json")).json()
    return document


async def rotate(copy: Harness) -> dict[str, Any]:
    """What the platform's administrator asks for."""
    async with copy.user("super_admin") as client:
        answer = await client.post("/api/auth/signing-keys/rotate")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


class TestRotation:
    async def test_refuses_nobody_while_calls_go_on(self, copies: list[Harness]) -> None:
        """Each new token is taken by both copies, and by a service that knows the keys of one fetch only."""
        fetches = 0

        async def fetch() -> dict[str, Any]:
            nonlocal fetches
            fetches += 1
            return await published(copies[fetches % 2])

        verifier = TokenVerifier(KeySet(fetch), Revocations())
        pair = (await register(copies[0], address())).json()
        before, signed = key_id(pair["accessToken"]), set[tuple[int, str]]()
        await verifier.verify(pair["accessToken"])
        told = await rotate(copies[0])
        again = await rotate(copies[1])
        assert again == told, "one key at a time, whichever copy is asked"
        assert told["keyId"] != before

        async def call_on() -> bool:
            nonlocal pair
            for number, copy in enumerate(copies):
                answer = await post(copy, "/api/auth/refresh", {"refreshToken": pair["refreshToken"]})
                assert answer.status_code == 200, answer.text
                pair = answer.json()
                signed.add((number, key_id(pair["accessToken"])))
                await verifier.verify(pair["accessToken"])
                async with copies[1 - number].client(pair["accessToken"]) as client:
                    assert (await client.get("/api/auth/me")).status_code == 200
            return {(0, told["keyId"]), (1, told["keyId"])} <= signed

        await eventually(call_on)
        assert (0, before) in signed, "the old key signed until the new one was known everywhere"
        assert {entry["kid"] for entry in (await published(copies[1]))["keys"]} == {before, told["keyId"]}
        event = (await copies[0].events.wait_for("signingkey.rotated"))[0]
        assert event.data.key_id == told["keyId"]

    async def test_makes_one_key_of_many_calls_at_once(self, copies: list[Harness]) -> None:
        keys = copies[0].runtime.database["signing_keys"]
        await keys.update_many({}, {"$set": {"signsFrom": datetime.now(UTC) - timedelta(seconds=60)}})
        for copy in copies:
            copy.service.keys._generations.clear()
        told = await asyncio.gather(*(rotate(copy) for copy in copies for _ in range(5)))
        assert len({one["keyId"] for one in told}) == 1

    async def test_follows_age_and_lets_old_keys_go(self, infrastructure: Infrastructure) -> None:
        elsewhere = Infrastructure(
            infrastructure.mongo_url, infrastructure.amqp_url, f"{infrastructure.database_prefix}old_"
        )
        quick = {**QUICK, "MARKETHALL_SIGNING_KEY_LEAD_SECONDS": "0.1"}
        async with Harness("auth", elsewhere, **quick) as auth:
            keys = auth.runtime.database["signing_keys"]
            first = (await published(auth))["keys"][0]["kid"]
            long_ago = datetime.now(UTC) - timedelta(days=31)
            await keys.update_many({}, {"$set": {"createdAt": long_ago, "signsFrom": long_ago}})
            auth.service.keys._generations.clear()
            await eventually(lambda: keys.find_one({"_id": 2}))
            assert first in {entry["kid"] for entry in (await published(auth))["keys"]}
            recently = datetime.now(UTC) - timedelta(seconds=1200)
            await keys.update_one({"_id": 2}, {"$set": {"signsFrom": recently}})
            auth.service.keys._generations.clear()

            async def is_gone() -> bool:
                return await keys.find_one({"_id": 1}) is None

            await eventually(is_gone)
            assert first not in {entry["kid"] for entry in (await published(auth))["keys"]}
