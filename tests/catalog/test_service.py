"""Use cases and the search index without servers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from common.errors import Forbidden
from common.events import Envelope, EventData
from common.events.catalogue import ProductArchived
from common.identity.permissions import permissions_of
from common.identity.principal import Principal
from common.kept_answers import KeptAnswers
from common.messaging.feed import FeedBatch, FeedEvent
from common.messaging.positions import FeedPosition
from services.catalog.clients.search_fields import Searchable
from services.catalog.clients.search_folder import LOCK, PREFIX, SearchFolder
from services.catalog.clients.search_index import SearchIndex
from services.catalog.clients.search_replica import SearchReplica
from services.catalog.domain.filter import ProductFilter
from services.catalog.service.carts import CartHolder
from services.catalog.service.listing import visible_statuses
from services.catalog.service.products import sees_all


def principal(role: str, kind: str = "user", permissions: frozenset[str] | None = None) -> Principal:
    granted = permissions_of(role) if permissions is None else permissions
    return Principal(kind=kind, id="usr_1", role=role, permissions=granted, tenant_id="cmp_1")  # type: ignore[arg-type]


def entry(product_id: str, title: str, company: str = "cmp_1", **fields: object) -> Searchable:
    return Searchable(id=product_id, company_id=company, title=title, skus=[product_id], **fields)  # type: ignore[arg-type]


class TestVisibility:
    def test_staff_see_all_and_shoppers_what_is_active(self) -> None:
        assert sees_all(principal("shop_staff"))
        assert not sees_all(principal("customer"))
        assert visible_statuses(principal("shop_staff"), None) == []
        assert visible_statuses(principal("shop_staff"), "draft") == ["draft"]
        assert visible_statuses(principal("customer"), None) == ["active"]
        with pytest.raises(Forbidden):
            visible_statuses(principal("customer"), "archived")

    def test_a_publishable_key_is_a_shopper(self) -> None:
        assert not sees_all(principal("publishable_key", "key", frozenset({"products.read"})))
        assert sees_all(principal("secret_key", "key", frozenset({"products.read", "products.write"})))
        assert not sees_all(principal("secret_key", "key", frozenset({"products.read"})))


class TestCartHolder:
    def test_a_strange_token_counts_as_none(self) -> None:
        assert CartHolder.of(principal("anonymous", "anonymous"), "short").token is None
        assert CartHolder.of(principal("anonymous", "anonymous"), "x" * 32).owner_id is None
        assert CartHolder.of(principal("customer"), None).owner_id == "usr_1"


class TestSearchIndex:
    def test_every_word_must_be_found_the_best_first(self) -> None:
        index = SearchIndex()
        index.put([entry("p1", "Red ceramic mug"), entry("p2", "Blue bowl", description="Goes with the red mug")])
        index.commit()
        assert index.search("cmp_1", "red mug", 10) == ["p1", "p2"]
        assert index.search("cmp_1", "red bowl", 10) == ["p2"]
        assert index.search("cmp_1", "green mug", 10) == ["p1", "p2"]  # nobody has both: half will do
        assert index.search("cmp_1", "green grey lantern", 10) == []
        assert index.search("cmp_1", "!!!", 10) == []

    def test_a_code_comes_first_however_it_is_spelled(self) -> None:
        index = SearchIndex()
        index.put([entry("p1", "Toner TN 2110"), entry("TN-2110", "Cartridge", barcodes=["4006381333931"])])
        index.commit()
        for spelling in ("TN-2110", "tn2110", "tn 2110"):
            assert index.search("cmp_1", spelling, 10)[0] == "TN-2110", spelling
        assert index.search("cmp_1", "4006381333931", 10) == ["TN-2110"]

    def test_a_filter_only_takes_away(self) -> None:
        index = SearchIndex()
        red, blue = entry("p1", "Mug", facets=["color=red"], price_minor=5), entry("p2", "Mug", facets=["color=blue"])
        index.put([red, blue, entry("p3", "Mug", status="draft", category_id="cat_1")])
        index.commit()
        narrowed = ProductFilter(statuses=["active"])
        assert sorted(index.search("cmp_1", "mug", 10, narrowed)) == ["p1", "p2"]
        assert index.search("cmp_1", "mug", 10, replace(narrowed, facets=[("color", ["color=red"])])) == ["p1"]
        assert index.search("cmp_1", "mug", 10, replace(narrowed, min_price=1, max_price=9)) == ["p1"]
        assert index.search("cmp_1", "mug", 10, replace(narrowed, category_ids=["cat_1"])) == []
        assert index.search("cmp_1", "mug", 10, ProductFilter(within=ProductFilter(ids=["p2"]))) == ["p2"]
        assert index.search("cmp_1", "green mug", 10, replace(narrowed, min_price=1)) == ["p1"]

    def test_a_begun_word_is_looked_for_in_titles_of_what_may_be_seen(self) -> None:
        index = SearchIndex()
        index.put([entry("p1", "Lantern"), entry("p2", "Lantern", status="draft"), entry("p3", "Lantern", "cmp_2")])
        index.put([entry("p4", "Bowl", description="Beside the lantern")])
        index.commit()
        assert index.beginning_with("cmp_1", "lant", 10, ["active"]) == ["p1"]
        assert index.beginning_with("cmp_1", "?", 10, ["active"]) == []

    def test_forgives_typos_but_not_in_short_words_or_numbers(self) -> None:
        index = SearchIndex()
        index.put([entry("85123A", "Hanging heart lantern"), entry("p2", "Mug")])
        index.commit()
        for spelling in ("lantren", "lantrn", "hart", "85123", "hang", "LANTERN", "lánterns"):
            assert index.search("cmp_1", spelling, 10) == ["85123A"], spelling
        for other in ("rug", "85124a"):
            assert index.search("cmp_1", other, 10) == [], other

    def test_replaces_what_was_there_and_keeps_companies_apart(self) -> None:
        index = SearchIndex()
        index.put([entry("p1", "Mug"), entry("p2", "Mug", "cmp_2")])
        index.put([entry("p1", "Bowl", category="Kitchen", category_id="cat_1")])
        assert (index.commit(), index.commit()) == (True, False)
        assert index.search("cmp_1", "mug", 10) == []
        assert index.search("cmp_2", "mug", 10) == ["p2"]
        assert index.search("cmp_1", "kitchen", 10) == index.in_category("cmp_1", "cat_1", 10) == ["p1"]
        assert index.in_category("cmp_2", "cat_1", 10) == []


def folders_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_dir()}


class TestSearchFolder:
    async def test_takes_away_what_a_killed_process_left_and_nothing_else(self, tmp_path: Path) -> None:
        held = SearchFolder.open(tmp_path)
        (tmp_path / f"{PREFIX}left").mkdir()
        (tmp_path / f"{PREFIX}left{LOCK}").touch()
        (tmp_path / "other").mkdir()
        other = SearchFolder.open(tmp_path)
        index = SearchIndex(other.path)
        index.put([entry("p1", "Mug")])
        index.commit()
        assert index.search("cmp_1", "mug", 10) == ["p1"]
        assert folders_in(tmp_path) == {held.path.name, other.path.name, "other"}
        await held.close()
        await other.close()
        assert folders_in(tmp_path) == {"other"}
        other.path.mkdir()  # as an index does that is still writing
        last = SearchFolder.open(tmp_path)
        assert folders_in(tmp_path) == {last.path.name, "other"}
        await last.close()


class OneShelf:
    """A reader of products that stands still."""

    def __init__(self) -> None:
        self.titles = {"p1": "Mug"}

    async def by_id(self, company_id: str, product_ids: Sequence[str]) -> list[Searchable]:
        return [entry(product_id, self.titles[product_id], company_id) for product_id in product_ids]

    async def everything(self) -> AsyncIterator[list[Searchable]]:
        yield [entry(product_id, title) for product_id, title in self.titles.items()]


class TestSearchReplica:
    async def test_an_event_only_says_what_to_read_again(self) -> None:
        shelf, index = OneShelf(), SearchIndex()
        replica = SearchReplica(index, shelf, 0.01, KeptAnswers())
        shelf.titles["p1"] = "Bowl"
        archived = ProductArchived(product_id="p1", sku="p1", name="Mug")
        batch = FeedBatch([_fed(archived, 0), _fed(archived, 1)], FeedPosition("e", 1), 0)
        await replica.take(batch)
        index.commit()
        assert index.search("cmp_1", "bowl", 10) == ["p1"]
        assert index.search("cmp_1", "mug", 10) == []

    async def test_a_change_while_it_is_filled_is_not_lost(self) -> None:
        shelf, index = OneShelf(), SearchIndex()
        replica = SearchReplica(index, shelf, 0.01, KeptAnswers())
        taken: list[asyncio.Task[None]] = []

        async def read_before_the_change() -> AsyncIterator[list[Searchable]]:
            old = [entry("p1", shelf.titles["p1"])]
            shelf.titles["p1"] = "Bowl"
            event = _fed(ProductArchived(product_id="p1", sku="p1", name="Bowl"), 0)
            taken.append(asyncio.create_task(replica.take(FeedBatch([event], FeedPosition("e", 1), 0))))
            await asyncio.sleep(0)
            yield old

        shelf.everything = read_before_the_change  # type: ignore[method-assign]
        watching = asyncio.Event()
        watching.set()
        replica.follow(watching)
        running = asyncio.create_task(replica.run())
        async with asyncio.timeout(10):
            while not index.search("cmp_1", "bowl", 10):
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, *taken, return_exceptions=True)
        assert index.search("cmp_1", "mug", 10) == []


def _fed(data: EventData, offset: int) -> FeedEvent:
    event = Envelope(
        id="evt_1",
        type=data.TYPE,
        source="markethall/catalog",
        subject=data.subject_id(),
        time=datetime(2026, 1, 1, tzinfo=UTC),
        company_id="cmp_1",
        shop_id=None,
        actor="system",
        correlation_id="",
        causation_id=None,
        client_ip=None,
        traceparent=None,
        sequence=1,
        data=data,
    )
    return FeedEvent(offset, 0, {}, event)
