"""Whose socket is closed when what they may changes: by every fact that stops tokens."""

import time

import pytest

from common.events import EventData
from common.events.identity import ApiKeyRevoked, ApiKeyRotated, ApiKeyUpdated, SessionRevoked
from common.events.tenancy import CompanySuspended
from common.ids import new_id
from tests.realtime import samples
from tests.realtime.conftest import Live
from tests.realtime.test_routes import closed_with, heard

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON = int(time.time()) + 3600
COMPANY, PERSON, SESSION = "cmp_x", "usr_x", "ses_x"


class TestRevocation:
    @pytest.mark.parametrize(
        "fact",
        [
            SessionRevoked(user_id=PERSON, session_id=SESSION, revoked_before=SOON, reason="signed_out"),
            SessionRevoked(user_id=PERSON, revoked_before=SOON, reason="password_changed"),
            SessionRevoked(user_id=PERSON, revoked_before=SOON, reason="membership_changed"),
            ApiKeyRevoked(key_id=PERSON, name="k", revoked_before=SOON),
            ApiKeyRotated(key_id=PERSON, name="k", prefix="p", previous_until=samples.NOW, revoked_before=SOON),
            ApiKeyUpdated(key_id=PERSON, name="k", expires_at=samples.NOW, revoked_before=SOON, before={}, after={}),
            CompanySuspended(company_id=COMPANY, status="suspended"),
        ],
        ids=lambda fact: f"{type(fact).__name__}-{getattr(fact, 'reason', '')}",
    )
    async def test_closes_the_sockets_it_concerns_and_no_others(self, live: Live, fact: EventData) -> None:
        company, person = new_id("cmp"), new_id("usr")
        session = person if fact.TYPE.startswith("apikey.") else new_id("ses")  # a key is its own session
        exact = {"user_id": person, "key_id": person, "session_id": session, "company_id": company}
        told = {name: value for name, value in exact.items() if getattr(fact, name, None) is not None}
        other_company = new_id("cmp")
        async with (
            live.socket("company_admin", company, user_id=person, session_id=session) as concerned,
            live.socket("company_admin", other_company) as other,
        ):
            await concerned.subscribe("orders")
            await other.subscribe("orders")
            await live.harness.publish(fact.model_copy(update=told), company)
            assert await closed_with(concerned) == 4401
            event = await live.harness.publish(samples.confirmed(), other_company)
            assert await heard(other, 1) == [("orders", event)]

    async def test_lets_no_ticket_from_before_in(self, live: Live) -> None:
        company, person = new_id("cmp"), new_id("usr")
        ticket = await live.ticket("company_admin", company, user_id=person)
        async with live.socket("company_admin", company, user_id=person) as open_one:
            await open_one.subscribe("orders")
            revoked = SessionRevoked(user_id=person, revoked_before=SOON, reason="password_changed")
            await live.harness.publish(revoked, None)
            assert await closed_with(open_one) == 4401
        async with live.redeem(ticket) as late:
            assert await closed_with(late) == 4401

    async def test_counts_against_the_token_behind_a_ticket_however_late_it_is_heard(self, live: Live) -> None:
        company, person = new_id("cmp"), new_id("usr")
        now = int(time.time())
        ticket = await live.ticket("company_admin", company, user_id=person, issued_at=now - 60)
        async with live.redeem(ticket) as opened_late:
            await opened_late.subscribe("orders")
            revoked = SessionRevoked(user_id=person, revoked_before=now - 30, reason="membership_changed")
            await live.harness.publish(revoked, None)
            assert await closed_with(opened_late) == 4401
