"""Rules of companies."""

from datetime import UTC, datetime

import pytest

from common.errors import Invalid
from common.events.parts import CompanySettings
from services.company.domain import Company, check_slug

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def company() -> Company:
    founded = Company.found(
        company_id="cmp_1", name="Acme", slug="acme", currency="EUR", timezone="UTC", country="DE", now=NOW
    )
    founded._recorded.clear()
    return founded


class TestEdit:
    def test_announces_what_changed_and_what_was_there(self) -> None:
        acme = company()
        acme.edit({"name": "Acme Ltd", "country": "DE"})
        event = acme.recorded[0].model_dump()
        assert (event["before"], event["after"]) == ({"name": "Acme"}, {"name": "Acme Ltd"})

    def test_of_nothing_new_announces_nothing(self) -> None:
        acme = company()
        acme.edit({"name": "Acme", "settings": CompanySettings()})
        assert acme.recorded == ()

    @pytest.mark.parametrize(
        ("moves", "announced"),
        [
            (["suspended"], ["company.suspended"]),
            (["suspended", "closed"], ["company.suspended"]),
            (["suspended", "active"], ["company.suspended", "company.reactivated"]),
        ],
    )
    def test_of_the_status_stops_and_restarts_tokens(self, moves: list[str], announced: list[str]) -> None:
        acme = company()
        for status in moves:
            acme.edit({"status": status})
        assert [event.TYPE for event in acme.recorded if event.TYPE != "company.updated"] == announced


class TestCheckSlug:
    @pytest.mark.parametrize("slug", ["Acme", "a b", "-a", "a-", "", "ä", "a" * 41, "api", "www", "a.b"])
    def test_refuses_what_is_no_free_dns_label(self, slug: str) -> None:
        with pytest.raises(Invalid):
            check_slug(slug)

    @pytest.mark.parametrize("slug", ["a", "acme", "a-1", "4seasons"])
    def test_takes_a_dns_label(self, slug: str) -> None:
        assert check_slug(slug) == slug
