"""Rules of companies, without I/O."""

from datetime import UTC, datetime

import pytest

from common.errors import Invalid, InvalidTransition
from services.company.domain import RESERVED_SLUGS, Company


def acme(slug: str = "acme") -> Company:
    return Company.found(
        company_id="cmp_1",
        name="Acme",
        slug=slug,
        currency="EUR",
        timezone="Europe/Berlin",
        country=None,
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )


class TestFound:
    @pytest.mark.parametrize("slug", sorted(RESERVED_SLUGS))
    def test_refuses_the_platforms_own_names(self, slug: str) -> None:
        with pytest.raises(Invalid) as refused:
            acme(slug)
        assert refused.value.code == "slug_reserved"

    def test_says_nothing_before_it_is_announced(self) -> None:
        company = acme()
        assert company.recorded == ()
        company.announce()
        assert [event.TYPE for event in company.recorded] == ["company.created"]


class TestEdit:
    def test_records_nothing_when_nothing_changes(self) -> None:
        company = acme()
        company.edit({"name": "Acme", "settings": {"tax_basis_points": 0}, "status": "active"})
        assert company.recorded == ()

    def test_merges_settings(self) -> None:
        company = acme()
        company.edit({"settings": {"tax_basis_points": 1900}})
        company.edit({"settings": {"guest_checkout": False}})
        assert (company.settings.tax_basis_points, company.settings.guest_checkout) == (1900, False)
        company.edit({"settings": None})
        assert (company.settings.tax_basis_points, company.settings.guest_checkout) == (0, True)

    def test_tells_who_must_stop(self) -> None:
        company = acme()
        company.edit({"status": "suspended"})
        company.edit({"status": "active"})
        types = [event.TYPE for event in company.recorded]
        assert types == ["company.updated", "company.suspended", "company.updated", "company.reactivated"]

    def test_refuses_a_move_that_is_not_on_the_map(self) -> None:
        company = acme()
        company.edit({"status": "closed"})
        with pytest.raises(InvalidTransition):
            company.edit({"status": "suspended"})
        assert company.status == "closed"
