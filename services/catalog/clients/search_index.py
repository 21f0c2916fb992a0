"""The full-text index of one process, in memory: built at start, kept fresh by the feed."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from tantivy import Document, Index, Occur, Query, SchemaBuilder

WRITER_BYTES = 15_000_000
WORDS_LIMIT = 8
FUZZY_FROM_LETTERS = 4
TWO_TYPOS_FROM_LETTERS = 8

_BOOSTS = {"title": 4.0, "sku": 6.0, "category": 2.0, "attributes": 2.0, "description": 1.0}
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Searchable:
    """What can be found of one product."""

    id: str
    company_id: str
    title: str
    skus: list[str]
    description: str = ""
    category: str = ""
    category_id: str | None = None
    attributes: list[str] = field(default_factory=list)


class SearchIndex:
    """Products by words, with one or two typos forgiven; every query names the company."""

    def __init__(self) -> None:
        builder = SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("company", tokenizer_name="raw", index_option="basic")
        builder.add_text_field("category_id", tokenizer_name="raw", index_option="basic")
        for name in _BOOSTS:
            builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        self._index = Index(self._schema)
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
            self._writer.add_document(
                Document(
                    id=product.id,
                    company=product.company_id,
                    category_id=product.category_id or "",
                    title=_folded(product.title),
                    sku=_folded(" ".join(product.skus)),
                    category=_folded(product.category),
                    attributes=_folded(" ".join(product.attributes)),
                    description=_folded(product.description),
                )
            )
            self._changed = True

    def commit(self) -> bool:
        """Make what was put visible. False when there was nothing."""
        if not self._changed:
            return False
        self._changed = False
        self._writer.commit()
        self._index.reload()
        return True

    def search(self, company_id: str, text: str, limit: int) -> list[str]:
        """Ids of the company's products in which every word is found, best first."""
        words = _words(text)[:WORDS_LIMIT]
        if not words:
            return []
        clauses = [(Occur.Must, self._of_company(company_id)), *((Occur.Must, self._word(word)) for word in words)]
        searcher = self._index.searcher()
        hits = searcher.search(Query.boolean_query(clauses), limit).hits
        scored = [(-score, str(searcher.doc(address)["id"][0])) for score, address in hits]
        return [product_id for _, product_id in sorted(scored)]

    def in_category(self, company_id: str, category_id: str, limit: int) -> list[str]:
        """Ids of the products that were indexed with this category."""
        category = Query.term_query(self._schema, "category_id", category_id)
        query = Query.boolean_query([(Occur.Must, self._of_company(company_id)), (Occur.Must, category)])
        searcher = self._index.searcher()
        return [str(searcher.doc(address)["id"][0]) for _, address in searcher.search(query, limit).hits]

    def _of_company(self, company_id: str) -> Query:
        return Query.const_score_query(Query.term_query(self._schema, "company", company_id), 0.0)

    def _word(self, word: str) -> Query:
        """The word itself counts most, then words that begin with it, then words like it."""
        ways = [
            Query.boost_query(Query.term_query(self._schema, name, word), 2 * boost) for name, boost in _BOOSTS.items()
        ]
        for name, boost in _BOOSTS.items():
            beginning = Query.fuzzy_term_query(self._schema, name, word, distance=0, prefix=True)
            ways.append(Query.boost_query(beginning, boost / 2))
        distance = _typos(word)
        for name in ("title", "category", "attributes") if distance else ():
            alike = Query.fuzzy_term_query(self._schema, name, word, distance=distance)
            ways.append(Query.boost_query(alike, _BOOSTS[name] / 8))
        return Query.disjunction_max_query(ways)


def _typos(word: str) -> int:
    if len(word) < FUZZY_FROM_LETTERS or any(letter.isdigit() for letter in word):
        return 0
    return 2 if len(word) >= TWO_TYPOS_FROM_LETTERS else 1


def _words(text: str) -> list[str]:
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(letter)
    )
    return _WORD.findall(plain)


def _folded(text: str) -> str:
    """Words in lower case without accents, apart by spaces."""
    return " ".join(_words(text))
