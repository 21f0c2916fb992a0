"""Variants: the sellable forms of one product, told apart by their options."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from common.aggregate import Part
from common.errors import Conflict, Invalid
from common.ids import new_id
from common.money import Money

VARIANTS_LIMIT = 250
OPTIONS_LIMIT = 10


class Option(Part):
    """A dimension in which variants differ, such as Size, and the values it takes."""

    name: str
    values: list[str]


class Variant(Part):
    """A sellable form. Without a price of its own it costs what the product costs."""

    id: str
    sku: str
    options: dict[str, str] = {}
    price: Money | None = None
    barcode: str | None = None


@dataclass(frozen=True, slots=True)
class VariantDraft:
    """A variant as somebody asked for it; ``id`` only for one that exists."""

    sku: str
    options: dict[str, str] = field(default_factory=dict)
    price: Money | None = None
    barcode: str | None = None
    id: str | None = None


def make_variants(drafts: Sequence[VariantDraft], known: Sequence[Variant] = ()) -> list[Variant]:
    """Variants of the drafts; one whose SKU is known keeps its id. Raises Invalid ``invalid_variants``."""
    if len(drafts) > VARIANTS_LIMIT:
        raise Invalid("invalid_variants", f"A product has at most {VARIANTS_LIMIT} variants.")
    by_sku = {variant.sku: variant.id for variant in known}
    variants = []
    for place, draft in enumerate(drafts):
        variant_id = by_sku.get(draft.sku)
        if draft.id is not None and draft.id != variant_id:
            raise Invalid("invalid_variants", "", [(f"variants.{place}.id", "belongs to another SKU, or to none")])
        variants.append(
            Variant(
                id=variant_id or new_id("var"),
                sku=draft.sku,
                options=draft.options,
                price=draft.price,
                barcode=draft.barcode,
            )
        )
    return variants


def options_for(options: Sequence[Option], variants: Sequence[Variant]) -> list[Option]:
    """The options as given, else those that the variants name, in the order of their appearance."""
    if options or not variants:
        return list(options)
    values: dict[str, list[str]] = {}
    for variant in variants:
        for name, value in variant.options.items():
            if value not in values.setdefault(name, []):
                values[name].append(value)
    return [Option(name=name, values=listed) for name, listed in values.items()]


def check_variants(options: Sequence[Option], variants: Sequence[Variant]) -> None:
    """Raises Invalid ``invalid_variants`` unless each variant takes one listed value of every option, each once."""
    allowed = {option.name: set(option.values) for option in options}
    if len(allowed) != len(options) or len(options) > OPTIONS_LIMIT:
        raise Invalid("invalid_variants", f"At most {OPTIONS_LIMIT} options, each named once.")
    seen: set[frozenset[tuple[str, str]]] = set()
    for place, variant in enumerate(variants):
        listed = all(value in allowed.get(name, ()) for name, value in variant.options.items())
        if set(variant.options) != set(allowed) or not listed:
            raise Invalid("invalid_variants", "", [(f"variants.{place}.options", "must name a value of each option")])
        chosen = frozenset(variant.options.items())
        if chosen in seen:
            raise Invalid("invalid_variants", "", [(f"variants.{place}.options", "are those of another variant")])
        seen.add(chosen)


def check_skus(skus: Sequence[str]) -> None:
    """Raises Conflict ``sku_taken`` when a product names one SKU twice."""
    if len(set(skus)) != len(skus):
        raise Conflict("sku_taken", "A product and its variants each need a SKU of their own.")
