"""The fields of the search index, and the document that a product becomes in it."""

from dataclasses import dataclass, field

from tantivy import Document, Schema, SchemaBuilder

from services.catalog.clients.search_text import PLAIN, RAW, STEMMED, code_of

EXACT_FIELDS = ("company", "status", "slug", "facet", "code")
CATEGORY_ID, VALUES = "category_id", "values"
WORDS, EXACT, TITLE, FACTS, DESCRIPTION = "words", "exact", "title", "facts", "description"


@dataclass(frozen=True, slots=True)
class Searchable:
    """What can be found of one product. ``codes``: SKUs and barcodes; ``facets``: ``name=value``."""

    id: str
    company_id: str
    title: str
    skus: list[str]
    barcodes: list[str] = field(default_factory=list)
    brand: str = ""
    description: str = ""
    category: str = ""
    category_id: str | None = None
    attributes: list[str] = field(default_factory=list)
    facets: list[str] = field(default_factory=list)
    status: str = "active"
    price_minor: int = 0
    slug: str | None = None


def search_schema() -> Schema:
    """``words`` holds all that names a product, stemmed; ``exact`` the same as written; ``facts`` its attributes."""
    builder = SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name=RAW, index_option="basic")
    for name in EXACT_FIELDS:
        builder.add_text_field(name, tokenizer_name=RAW, index_option="basic")
    builder.add_text_field(CATEGORY_ID, tokenizer_name=RAW, index_option="basic", fast=True)
    builder.add_json_field(VALUES, tokenizer_name=RAW, index_option="basic", fast=True)
    builder.add_integer_field("price", indexed=True, fast=True)
    builder.add_text_field(WORDS, tokenizer_name=STEMMED, index_option="freq")
    builder.add_text_field(EXACT, tokenizer_name=PLAIN, index_option="freq")
    builder.add_text_field(TITLE, tokenizer_name=PLAIN, index_option="position")
    builder.add_text_field(FACTS, tokenizer_name=STEMMED, index_option="freq")
    builder.add_text_field(DESCRIPTION, tokenizer_name=STEMMED, index_option="position")
    return builder.build()


def search_document(product: Searchable) -> Document:
    """The product as the index holds it; only its id can be read back."""
    naming = " . ".join([product.title, product.brand, *product.skus, product.description])
    document = Document(
        id=product.id,
        company=product.company_id,
        status=product.status,
        category_id=product.category_id or "",
        price=product.price_minor,
        words=naming,
        exact=naming,
        title=product.title,
        facts=" . ".join([product.category, *product.attributes]),
        description=product.description,
    )
    several = {
        "facet": product.facets,
        "slug": [product.slug] if product.slug else [],
        "code": {code_of(code) for code in (*product.skus, *product.barcodes)},
    }
    for name, values in several.items():
        for value in values:
            document.add_text(name, value)
    document.add_json(VALUES, _by_name(product.facets))
    return document


def _by_name(facets: list[str]) -> dict[str, list[str]]:
    """The values of each facet: a column of its own for each name makes counting quick."""
    values: dict[str, list[str]] = {}
    for facet in facets:
        name, _, value = facet.partition("=")
        values.setdefault(name, []).append(value)
    return values
