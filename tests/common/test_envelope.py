"""Reading an event: what it is about must be what it was told in the name of."""

import pytest

from common.clock import SystemClock
from common.context import CallContext
from common.events import seal, unseal
from common.events.envelope import ForeignCompany
from common.events.tenancy import CompanySuspended


def told_by(company_id: str | None) -> dict[str, object]:
    """Company one is suspended, in this company's name."""
    call = CallContext(correlation_id="req_1", actor="user:usr_1")
    fact = CompanySuspended(company_id="cmp_one", status="suspended")
    return seal(fact, source="company", company_id=company_id, sequence=1, now=SystemClock().now(), call=call)


class TestForeignCompany:
    def test_its_own_fact_is_read(self) -> None:
        assert unseal(told_by("cmp_one")).company_id == "cmp_one"

    @pytest.mark.parametrize("name", ["cmp_two", None])
    def test_a_fact_about_it_in_anothers_name_is_refused(self, name: str | None) -> None:
        with pytest.raises(ForeignCompany):
            unseal(told_by(name))
