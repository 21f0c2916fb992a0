"""Guessing: ten tries of an account in fifteen minutes, whoever asks, and the owner's ways around."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from common import context
from common.errors import Unavailable
from common.ids import new_id
from common.testing import Harness, Infrastructure
from services.auth.service.hashing import PasswordHasher
from tests.auth.conftest import PASSWORD, address, employed, link_of, login, post, register

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def second(infrastructure: Infrastructure, auth: Harness) -> Any:
    """Another copy of the service on the same database."""
    async with Harness("auth", infrastructure) as harness:
        yield harness


async def guess(auth: Harness, email: str, times: int) -> list[int]:
    """The statuses of wrong passwords, one after another."""
    return [(await login(auth, email, f"wrong number {number}")).status_code for number in range(times)]


class TestBudget:
    @pytest.mark.parametrize("is_known", [True, False])
    async def test_is_exact_over_copies_and_in_parallel(self, auth: Harness, second: Harness, is_known: bool) -> None:
        email = (await employed(auth, new_id("cmp")))[1] if is_known else address()
        calls = [login(copy, email, f"guess {number}") for number in range(20) for copy in (auth, second)]
        statuses = [answer.status_code for answer in await asyncio.gather(*calls)]
        assert (statuses.count(401), statuses.count(429)) == (10, 30)
        document = await auth.runtime.database["sign_in_tries"].find_one({}, sort=[("updatedAt", -1)])
        assert len(document["tries"]) == 10

    async def test_lets_no_right_password_through_among_more_than_ten(self, auth: Harness) -> None:
        _, email, _ = await employed(auth, new_id("cmp"))
        assert await guess(auth, email, 10) == [401] * 10
        refused = await login(auth, email)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
        assert 800 < int(refused.headers["retry-after"]) <= 900

    async def test_is_not_used_up_by_right_passwords(self, auth: Harness, second: Harness) -> None:
        _, email, _ = await employed(auth, new_id("cmp"))
        assert await guess(auth, email, 7) == [401] * 7
        answers = await asyncio.gather(*(login(copy, email) for _ in range(6) for copy in (auth, second)))
        assert {answer.status_code for answer in answers} <= {200, 429}
        assert [answer.status_code for answer in answers].count(200) >= 6
        assert await guess(auth, email, 4) == [401] * 3 + [429], "a right password gives no wrong one back"

    async def test_comes_back_as_the_tries_leave_the_window(self, auth: Harness) -> None:
        _, email, _ = await employed(auth, new_id("cmp"))
        await guess(auth, email, 10)
        tries = auth.runtime.database["sign_in_tries"]
        document = await tries.find_one({}, sort=[("updatedAt", -1)])
        older = [{**one, "at": one["at"] - timedelta(seconds=900)} for one in document["tries"][:3]]
        await tries.update_one({"_id": document["_id"]}, {"$set": {"tries": [*older, *document["tries"][3:]]}})
        assert await guess(auth, email, 4) == [401] * 3 + [429]

    async def test_counts_the_password_of_somebody_signed_in(self, auth: Harness) -> None:
        _, email, token = await employed(auth, new_id("cmp"))
        body = {"currentPassword": "wrong", "newPassword": "another good one"}
        statuses = [(await post(auth, "/api/auth/password/change", body, token=token)).status_code for _ in range(5)]
        wanted = {"newEmail": address(), "password": "wrong"}
        statuses += [(await post(auth, "/api/auth/email/change", wanted, token=token)).status_code for _ in range(5)]
        assert statuses == [401] * 10
        assert (await login(auth, email)).status_code == 429

    async def test_bounds_the_guesses_at_a_mailed_token(self, auth: Harness) -> None:
        bodies = [{"token": f"lnk_guessed.{number}", "password": "another good one"} for number in range(11)]
        statuses = [(await post(auth, "/api/auth/password/reset", body)).status_code for body in bodies]
        assert statuses == [422] * 10 + [429]


class TestOwner:
    async def test_leaves_by_mail_once(self, auth: Harness) -> None:
        user_id, email, _ = await employed(auth, new_id("cmp"))
        await asyncio.gather(*(login(auth, email, f"guess {number}") for number in range(30)))
        told = await link_of(auth, "user.locked", user_id)
        assert told["purpose"] == "unlock"
        answers = [await post(auth, "/api/auth/unlock", {"token": told["token"]}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [204, 422]
        assert answers[1].json()["code"] == "invalid_link"
        assert (await login(auth, email)).status_code == 200
        locks = [one for one in auth.events.heard if one.type == "user.locked" and one.data.user_id == user_id]
        assert len(locks) == 1

    async def test_signs_in_from_a_known_device_while_others_guess(self, auth: Harness) -> None:
        company, email = new_id("cmp"), address()
        device = (await register(auth, email, tenant=company)).json()["deviceToken"]
        await asyncio.gather(*(login(auth, email, f"guess {number}", tenant=company) for number in range(15)))
        stranger = await login(auth, email, tenant=company)
        known = {"tenant": company, "x-device-token": device}
        owner = await login(auth, email, **known)
        assert (stranger.status_code, owner.status_code) == (429, 200)
        assert owner.json()["deviceToken"] == device
        statuses = [(await login(auth, email, "wrong", **known)).status_code for _ in range(6)]
        assert statuses == [401] * 5 + [429]

    @pytest.mark.parametrize("spoil", ["", "x", "1.2.3", f"{2**63}.b.c", "another's"])
    async def test_is_not_taken_for_a_device_of_somebody_else(self, auth: Harness, spoil: str) -> None:
        email = address()
        await register(auth, email)
        others = (await register(auth, address())).json()["deviceToken"]
        await asyncio.gather(*(login(auth, email, f"guess {number}") for number in range(12)))
        token = others if spoil == "another's" else spoil
        assert (await login(auth, email, **{"x-device-token": token})).status_code == 429


class TestHashing:
    async def test_refuses_what_waits_too_long(self) -> None:
        slow = PasswordHasher(1, waiting_seconds=0.001)
        with pytest.raises(Unavailable):
            await slow.hash(PASSWORD)
        await slow.close()

    async def test_refuses_what_is_too_much(self) -> None:
        full = PasswordHasher(1, waiting_limit=0)
        both = await asyncio.gather(full.hash(PASSWORD), full.hash(PASSWORD), return_exceptions=True)
        await full.close()
        assert [type(each) for each in both] == [str, Unavailable]

    async def test_addresses_take_turns(self) -> None:
        hasher, ended = PasswordHasher(1, waiting_limit=4), []

        async def hash_from(address: str) -> None:
            context.enter(context.CallContext(client_ip=address))
            try:
                await hasher.hash(PASSWORD)
            except Unavailable:
                ended.append(f"{address} refused")
            else:
                ended.append(address)

        async with asyncio.TaskGroup() as group:
            for address in ("flood",) * 6 + ("other",):
                group.create_task(hash_from(address))
        await hasher.close()
        # one at work and four in line: the sixth is refused, and one more makes room for whoever is alone
        assert sorted(ended[:2]) == ["flood refused"] * 2
        assert ended[2:] == ["flood", "flood", "other", "flood", "flood"]

    async def test_leaves_the_loop_free(self) -> None:
        hasher, turns = PasswordHasher(1), 0
        work = [asyncio.create_task(hasher.hash(PASSWORD)) for _ in range(3)]
        while not all(task.done() for task in work):
            turns += 1
            await asyncio.sleep(0)
        await hasher.close()
        assert turns > 10
