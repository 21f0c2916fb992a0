"""Refresh families: rotation, the grace for a lost answer, reuse."""

import asyncio
from datetime import timedelta

import pytest

from common.ids import new_id
from common.testing import Harness
from tests.auth.conftest import address, login, post, register

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _pair(auth: Harness) -> tuple[str, str]:
    """A new session: its user's id and its refresh token."""
    answer = (await register(auth, address(), tenant=new_id("cmp"))).json()
    return answer["user"]["id"], answer["refreshToken"]


async def _refresh(auth: Harness, token: str) -> tuple[int, dict[str, str]]:
    answer = await post(auth, "/api/auth/refresh", {"refreshToken": token})
    return answer.status_code, answer.json()


async def _let_the_grace_pass(auth: Harness, user_id: str) -> None:
    """Move the rotation into the past, as if the client had waited."""
    sessions = auth.runtime.database["sessions"]
    document = await sessions.find_one({"userId": user_id})
    await sessions.update_one(
        {"userId": user_id}, {"$set": {"rotatedAt": document["rotatedAt"] - timedelta(seconds=11)}}
    )


class TestRefresh:
    async def test_replaces_the_token(self, auth: Harness) -> None:
        _, first = await _pair(auth)
        status, second = await _refresh(auth, first)
        again, third = await _refresh(auth, second["refreshToken"])
        assert (status, again) == (200, 200)
        assert len({first, second["refreshToken"], third["refreshToken"]}) == 3

    async def test_gives_a_lost_answer_again(self, auth: Harness) -> None:
        _, first = await _pair(auth)
        _, lost = await _refresh(auth, first)
        status, repeated = await _refresh(auth, first)
        assert (status, repeated["refreshToken"]) == (200, lost["refreshToken"])

    async def test_fifty_at_once_get_one_successor(self, auth: Harness) -> None:
        _, first = await _pair(auth)
        answers = await asyncio.gather(*(_refresh(auth, first) for _ in range(50)))
        assert {status for status, _ in answers} == {200}
        assert len({body["refreshToken"] for _, body in answers}) == 1

    async def test_ends_the_family_when_an_old_token_comes_back_after_the_grace(self, auth: Harness) -> None:
        user_id, first = await _pair(auth)
        _, second = await _refresh(auth, first)
        await _let_the_grace_pass(auth, user_id)
        reused = await _refresh(auth, first)
        current = await _refresh(auth, second["refreshToken"])
        assert (reused[0], reused[1]["code"]) == (401, "refresh_reused")
        assert current[0] == 401
        event = (await auth.events.wait_for("session.revoked", lambda e: e.data.user_id == user_id))[0]
        assert event.data.reason == "refresh_reused"

    async def test_ends_the_family_when_a_token_before_the_last_comes_back(self, auth: Harness) -> None:
        _, first = await _pair(auth)
        _, second = await _refresh(auth, first)
        _, third = await _refresh(auth, second["refreshToken"])
        assert (await _refresh(auth, first))[1]["code"] == "refresh_reused"
        assert (await _refresh(auth, third["refreshToken"]))[0] == 401

    async def test_leaves_other_sessions_alone(self, auth: Harness) -> None:
        company, email = new_id("cmp"), address()
        await register(auth, email, tenant=company)
        one, other = [(await login(auth, email, tenant=company)).json() for _ in range(2)]
        _, next_one = await _refresh(auth, one["refreshToken"])
        await _refresh(auth, next_one["refreshToken"])
        assert (await _refresh(auth, one["refreshToken"]))[1]["code"] == "refresh_reused"
        assert (await _refresh(auth, other["refreshToken"]))[0] == 200

    @pytest.mark.parametrize("token", ["", "nothing", "a.b", "é.ü"])
    async def test_refuses_what_was_never_a_token(self, auth: Harness, token: str) -> None:
        status, body = await _refresh(auth, token)
        assert (status, body["code"]) == (401, "invalid_refresh_token")

    async def test_stores_no_token(self, auth: Harness) -> None:
        user_id, first = await _pair(auth)
        _, second = await _refresh(auth, first)
        stored = str(await auth.runtime.database["sessions"].find_one({"userId": user_id}))
        secrets = [part for token in (first, second["refreshToken"]) for part in token.split(".")]
        assert [secret for secret in secrets if secret in stored] == []
