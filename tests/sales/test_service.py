"""Use cases and parameters, without I/O."""

import asyncio
from datetime import UTC, datetime

import pytest

from common.clock import monotonic_seconds
from common.errors import Invalid
from common.events.parts import CompanySettings
from services.sales.domain.record import Actor
from services.sales.routes.parameters import _wait_seconds
from services.sales.routes.translation import row
from services.sales.schemas.till import SaleIn
from services.sales.service.copies import CompanyFacts, Copies
from services.sales.service.endings import Endings
from services.sales.service.filters import Filters


class BerlinCopies(Copies):
    """Copies that know one company, in Berlin."""

    def __init__(self) -> None:
        pass

    async def company(self, company_id: str) -> CompanyFacts:
        return CompanyFacts("EUR", "Europe/Berlin", CompanySettings())


class TestFilters:
    async def test_take_days_in_the_companys_time_zone(self) -> None:
        filters = Filters(begin="2026-03-28", end="2026-03-29")
        criteria = await filters.criteria("cmp_1", BerlinCopies())
        assert criteria == {
            "placedAt": {
                "$gte": datetime(2026, 3, 27, 23, tzinfo=UTC),
                "$lt": datetime(2026, 3, 29, 22, tzinfo=UTC),  # summer time began that night
            }
        }

    async def test_take_instants_as_they_are(self) -> None:
        filters = Filters(begin="2026-03-28T10:00:00+01:00", end="2026-03-28T10:00:00Z")
        criteria = await filters.criteria("cmp_1", BerlinCopies())
        assert criteria["placedAt"]["$gte"] == datetime(2026, 3, 28, 9, tzinfo=UTC)
        assert criteria["placedAt"]["$lte"] == datetime(2026, 3, 28, 10, tzinfo=UTC)

    @pytest.mark.parametrize("value", ["soon", "2026-13-01", "2026-03-28T10:00:00", "9999-12-31"])
    async def test_refuse_what_is_no_time(self, value: str) -> None:
        with pytest.raises(Invalid) as refused:
            await Filters(end=value).criteria("cmp_1", BerlinCopies())
        assert refused.value.code == "invalid_query"

    async def test_search_for_nothing_but_what_was_typed(self) -> None:
        criteria = await Filters(search="a.b*").criteria("cmp_1", BerlinCopies())
        assert criteria["searchKeys"] == {"$regex": r"^a\.b\*"}


class TestEndings:
    async def test_wakes_whoever_waits(self) -> None:
        endings, ended = Endings(), False

        async def has_ended() -> bool:
            return ended

        begun = monotonic_seconds()
        waiting = asyncio.create_task(endings.wait("ord_1", 10, has_ended))
        await asyncio.sleep(0)
        ended = True
        endings.announce("ord_1")
        await waiting
        assert monotonic_seconds() - begun < 0.3

    async def test_looks_itself_when_another_copy_did_the_work(self) -> None:
        looks = iter([False, False, True])

        async def has_ended() -> bool:
            return next(looks)

        begun = monotonic_seconds()
        await Endings().wait("ord_1", 10, has_ended)
        assert monotonic_seconds() - begun < 3

    async def test_gives_up_in_time(self) -> None:
        async def has_ended() -> bool:
            return False

        begun = monotonic_seconds()
        await Endings().wait("ord_1", 1, has_ended)
        assert 0.9 < monotonic_seconds() - begun < 2


class TestPrefer:
    @pytest.mark.parametrize(
        ("header", "seconds"),
        [(None, 0), ("wait=5", 5), ("respond-async, wait=3", 3), ("wait=600", 10), ("waits=5", 0), ("wait=x", 0)],
    )
    def test_reads_the_seconds(self, header: str | None, seconds: int) -> None:
        assert _wait_seconds(header) == seconds


class TestRow:
    SALE = {
        "clientSaleId": "t1",
        "shopId": "shp_1",
        "items": [{"productId": "prd_1", "quantity": 1}],
        "tenders": [{"method": "cash", "amount": {"amount": 100, "currency": "GBP"}}],
    }

    def test_has_one_fingerprint_in_either_spelling(self) -> None:
        snake = {**self.SALE, "items": [{"product_id": "prd_1", "quantity": 1}]}
        assert SaleIn.model_validate(snake).fingerprint() == SaleIn.model_validate(self.SALE).fingerprint()
        other = {**self.SALE, "note": "x"}
        assert SaleIn.model_validate(other).fingerprint() != SaleIn.model_validate(self.SALE).fingerprint()

    @pytest.mark.parametrize("content", [None, 1, [], {}, {**SALE, "items": []}, {**SALE, "tenders": [{}]}])
    def test_says_what_is_wrong_instead_of_failing(self, content: object) -> None:
        refused = row(content)
        assert isinstance(refused, Invalid) and refused.fields


class TestActor:
    def test_reads_what_events_carry(self) -> None:
        assert Actor.read("user:usr_1") == Actor(type="user", id="usr_1")
        assert Actor.read("system") == Actor(type="system", id=None)
