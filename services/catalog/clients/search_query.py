"""From what somebody types to a query of the index: one ranking for every search.

Each word counts by BM25 over all that names a product (stemmed), a little more where it is found as it was
written or in the title, a little less where only an attribute has it. Whoever has all
the words is found; only where nobody has, whoever has half of them. A title that has all of them, and words
that stand together in the description as a phrase, count once more.
"""

from collections.abc import Callable, Iterable, Sequence

from tantivy import FieldType, Occur, Query, Schema

from services.catalog.clients.search_fields import DESCRIPTION, EXACT, FACTS, TITLE, WORDS
from services.catalog.clients.search_text import Word, code_of
from services.catalog.domain.filter import ProductFilter

AS_WRITTEN = 0.5
IN_TITLE = 0.1
IN_FACTS = 0.1
PHRASE = 1.0
TITLE_WHOLE = 1.0
BEGINNING = 0.5
TYPO = 0.2
LIKE = {TITLE: 2.0, EXACT: 1.0, FACTS: 1.0}
CODE = 1_000.0
SHORTEST_BEGINNING = 2

Clause = tuple[Occur, Query]
IsFound = Callable[[Sequence[Clause]], bool]


class SearchQueries:
    """Makes queries for one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def scope(self, company_id: str, statuses: Sequence[str] = ()) -> list[Clause]:
        """What every query begins with: the company, and what may be seen."""
        clauses = [self._only(Query.term_query(self._schema, "company", company_id))]
        return [*clauses, *self._any_of("status", statuses or None)]

    def narrowing(self, narrowed: ProductFilter) -> list[Clause]:
        """The filters that the index knows; stock is the database's own."""
        clauses = [
            *self._any_of("id", narrowed.ids),
            *self._any_of("category_id", narrowed.category_ids),
            *(self.narrowing(narrowed.within) if narrowed.within else ()),
        ]
        if narrowed.slug is not None:
            clauses += self._any_of("slug", [narrowed.slug])
        for _, spellings in narrowed.facets:
            clauses += self._any_of("facet", spellings)
        if narrowed.min_price is not None or narrowed.max_price is not None:
            bounds = (narrowed.min_price, narrowed.max_price)
            clauses.append(self._only(Query.range_query(self._schema, "price", FieldType.Integer, *bounds)))
        return clauses

    def text(self, text: str, words: Sequence[Word], is_found: IsFound) -> Query:
        """Whoever has all the words, or, where nobody has, at least half of them; a SKU or barcode comes first.

        ``is_found`` tells whether any product in scope matches.
        """
        found = [self._word(word, is_found, is_last=place == len(words)) for place, word in enumerate(words, 1)]
        every = Query.boolean_query([(Occur.Must, word) for word in found])
        extra: list[Clause] = []
        if len(words) > 1:
            phrase = Query.phrase_query(self._schema, DESCRIPTION, [word.stem for word in words])
            extra.append((Occur.Should, Query.boost_query(phrase, PHRASE)))
            if not is_found([(Occur.Must, every)]):
                half = (len(words) + 1) // 2
                every = Query.boolean_query([(Occur.Should, word) for word in found], half)
        title = [(Occur.Must, Query.term_query(self._schema, TITLE, word.plain)) for word in words]
        whole = Query.const_score_query(Query.boolean_query(title), 1.0)
        extra.append((Occur.Should, Query.boost_query(whole, TITLE_WHOLE)))
        named = Query.boolean_query([(Occur.Must, every), *extra])
        code = Query.term_query(self._schema, "code", code_of(text))
        first = Query.boost_query(Query.const_score_query(code, 1.0), CODE)
        return Query.boolean_query([(Occur.Should, named), (Occur.Should, first)])

    def beginning(self, words: Sequence[Word]) -> Query:
        """Products whose titles have these words, the last of them perhaps not written to its end."""
        clauses = [(Occur.Must, Query.term_query(self._schema, TITLE, word.plain)) for word in words[:-1]]
        last = Query.fuzzy_term_query(self._schema, TITLE, words[-1].plain, distance=0, prefix=True)
        return Query.boolean_query([*clauses, (Occur.Must, last)])

    def _word(self, word: Word, is_found: IsFound, *, is_last: bool) -> Query:
        """A word; one that no product has is taken as a beginning (the last one) or as a slip."""
        ways = [
            Query.term_query(self._schema, WORDS, word.stem),
            Query.boost_query(Query.term_query(self._schema, EXACT, word.plain), AS_WRITTEN),
            Query.boost_query(Query.term_query(self._schema, TITLE, word.plain), IN_TITLE),
            Query.boost_query(Query.term_query(self._schema, FACTS, word.stem), IN_FACTS),
        ]
        known = Query.disjunction_max_query(ways, 1.0)
        if is_found([(Occur.Must, known)]):
            return known
        return Query.disjunction_max_query([known, *self._like(word, is_last=is_last)])

    def _like(self, word: Word, *, is_last: bool) -> Iterable[Query]:
        for name, weight in LIKE.items():
            if is_last and len(word.plain) >= SHORTEST_BEGINNING:
                beginning = Query.fuzzy_term_query(self._schema, name, word.plain, distance=0, prefix=True)
                yield Query.boost_query(beginning, BEGINNING * weight)
            if word.typos:
                alike = Query.fuzzy_term_query(self._schema, name, word.plain, distance=word.typos)
                yield Query.boost_query(alike, TYPO * weight)

    def _any_of(self, name: str, values: Sequence[str] | None) -> list[Clause]:
        return [] if values is None else [self._only(Query.term_set_query(self._schema, name, list(values)))]

    @staticmethod
    def _only(query: Query) -> Clause:
        """A condition that does not count for the order."""
        return Occur.Must, Query.const_score_query(query, 0.0)
