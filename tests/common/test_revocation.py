"""What a copy knows of suspended companies, from announcements and from auth's snapshot."""

from typing import Any

import pytest

from common.clock import SystemClock
from common.context import CallContext
from common.events import EventData, seal, unseal
from common.events.tenancy import CompanyReactivated, CompanySuspended
from common.identity import revocation
from common.identity.revocation import Revocations

COMPANY = "cmp_one"


class Auth:
    """Tells a snapshot."""

    def __init__(self) -> None:
        self.companies: list[str] = []

    async def __call__(self) -> dict[str, Any]:
        return {"sessions": [], "companies": self.companies}


def announced(fact: EventData) -> Any:
    call = CallContext(correlation_id="req_1", actor="system")
    return unseal(seal(fact, source="company", company_id=COMPANY, sequence=1, now=SystemClock().now(), call=call))


def is_refused(revocations: Revocations) -> bool:
    return revocations.is_revoked("usr_1", "ses_1", COMPANY, 0)


class TestCompanies:
    async def test_a_suspension_that_auth_has_yet_to_hear_stands(self) -> None:
        revocations = Revocations(Auth())
        revocations.hear(announced(CompanySuspended(company_id=COMPANY, status="suspended")))
        await revocations.refresh()
        assert is_refused(revocations)

    async def test_a_reactivation_that_was_missed_is_made_up_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(revocation, "SETTLED_SECONDS", 0)
        auth = Auth()
        auth.companies = [COMPANY]
        revocations = Revocations(auth)
        await revocations.refresh()
        assert is_refused(revocations)
        auth.companies = []
        await revocations.refresh()
        assert not is_refused(revocations)

    async def test_a_reactivation_that_is_heard_counts_at_once(self) -> None:
        revocations = Revocations(Auth())
        revocations.hear(announced(CompanySuspended(company_id=COMPANY, status="suspended")))
        revocations.hear(announced(CompanyReactivated(company_id=COMPANY)))
        assert not is_refused(revocations)
