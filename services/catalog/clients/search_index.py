"""The full-text index of one process: built at start, kept fresh by the feed."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tantivy import Index, Occur, Query, Searcher

from services.catalog.clients.search_fields import CATEGORY_ID, VALUES, Searchable, search_document, search_schema
from services.catalog.clients.search_query import Clause, SearchQueries
from services.catalog.clients.search_text import ANALYZERS, words_of
from services.catalog.domain.filter import ATTRIBUTE, CATEGORY, ProductFilter

WRITER_BYTES = 15_000_000
COUNTED_VALUES = 100
SEGMENT_VALUES = 50_000

EVERYTHING = ProductFilter()


class SearchIndex:
    """Products by words, with slips forgiven; every query names the company. Without a folder it stays in memory."""

    def __init__(self, folder: Path | None = None) -> None:
        self._schema = search_schema()
        self._index = Index(self._schema, path=str(folder) if folder else None)
        for name, analyzer in ANALYZERS.items():
            self._index.register_tokenizer(name, analyzer)
        self._queries = SearchQueries(self._schema)
        self._writer = self._index.writer(heap_size=WRITER_BYTES, num_threads=1)
        self._changed = False

    @property
    def has_changed(self) -> bool:
        """Whether something was put since the last commit."""
        return self._changed

    def put(self, products: Iterable[Searchable]) -> None:
        """Replace these products; searches see it after the next :meth:`commit`."""
        for product in products:
            self._writer.delete_documents_by_term("id", product.id)
            self._writer.add_document(search_document(product))
            self._changed = True

    def commit(self) -> bool:
        """Make what was put visible. False when there was nothing."""
        if not self._changed:
            return False
        self._changed = False
        self._writer.commit()
        self._index.reload()
        return True

    def search(self, company_id: str, text: str, limit: int, narrowed: ProductFilter = EVERYTHING) -> list[str]:
        """Ids of the company's products that the text finds, best first.

        How a word is understood depends on the text and the company alone, so that a filter only takes away.
        """
        searcher = self._index.searcher()
        clauses = self._wanted(searcher, company_id, narrowed, text)
        return _ranked(searcher, clauses, limit) if clauses else []

    def count_facet(
        self, company_id: str, facet: str, narrowed: ProductFilter, text: str | None = None
    ) -> list[tuple[str, int]]:
        """How many products have each value of ``attr.NAME`` or the category, the most frequent first."""
        searcher = self._index.searcher()
        clauses = self._wanted(searcher, company_id, narrowed, text)
        if not clauses:
            return []
        field = CATEGORY_ID if facet == CATEGORY else f"{VALUES}.{facet.removeprefix(ATTRIBUTE)}"
        terms = {"field": field, "size": COUNTED_VALUES, "segment_size": SEGMENT_VALUES}
        counted = searcher.aggregate(Query.boolean_query(list(clauses)), {"values": {"terms": terms}})
        found = [(str(bucket["key"]), int(bucket["doc_count"])) for bucket in counted["values"]["buckets"]]
        return sorted(((value, count) for value, count in found if value), key=lambda pair: (-pair[1], pair[0]))

    def _wanted(self, searcher: Searcher, company_id: str, narrowed: ProductFilter, text: str | None) -> list[Clause]:
        """What a product must be; nothing when the text has no word."""
        scope = self._queries.scope(company_id, narrowed.statuses)
        clauses = [*scope, *self._queries.narrowing(narrowed)]
        if text is None:
            return clauses
        words = words_of(text)
        if not words:
            return []

        def is_found(clauses: Sequence[Clause]) -> bool:
            return bool(searcher.search(Query.boolean_query([*scope, *clauses]), 1, count=False).hits)

        return [*clauses, (Occur.Must, self._queries.text(text, words, is_found))]

    def beginning_with(self, company_id: str, text: str, limit: int, statuses: Sequence[str]) -> list[str]:
        """Ids of products whose titles have these words, the last of them perhaps only begun."""
        words = words_of(text)
        if not words:
            return []
        scope = self._queries.scope(company_id, statuses)
        return _ranked(self._index.searcher(), [*scope, (Occur.Must, self._queries.beginning(words))], limit)

    def in_category(self, company_id: str, category_id: str, limit: int) -> list[str]:
        """Ids of the products that were indexed with this category."""
        narrowed = self._queries.narrowing(ProductFilter(category_ids=[category_id]))
        return _ranked(self._index.searcher(), [*self._queries.scope(company_id), *narrowed], limit)


def _ranked(searcher: Searcher, clauses: Sequence[Clause], limit: int) -> list[str]:
    """Ids by score, and by id where scores are equal, so that every copy of the index gives one order."""
    hits = searcher.search(Query.boolean_query(list(clauses)), limit, count=False).hits
    scored = [(-score, str(searcher.doc(address)["id"][0])) for score, address in hits]
    return [product_id for _, product_id in sorted(scored)]
