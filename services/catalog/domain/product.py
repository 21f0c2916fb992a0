"""Products: what a company sells, and the facts that others learn of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from common.aggregate import Aggregate, Part
from common.errors import Invalid, NotFound
from common.events.catalogue import ProductArchived, ProductCreated, ProductUpdated
from common.events.parts import VariantFact
from common.ids import new_id
from common.money import Money
from services.catalog.domain.attributes import Attributes, check_attributes, facets, merged
from services.catalog.domain.stock import StockFlag, StockStatus, status_of
from services.catalog.domain.variant import (
    Option,
    Variant,
    VariantDraft,
    check_skus,
    check_variants,
    make_variants,
    options_for,
)

IMAGES_LIMIT = 50

ProductStatus = Literal["draft", "active", "archived"]


class Image(Part):
    """A picture of a product."""

    id: str
    url: str
    alt: str | None = None


class Seo(Part):
    """What search engines are shown, and the name in the address; the slug is unique in the company."""

    title: str | None = None
    description: str | None = None
    slug: str | None = None


@dataclass(frozen=True, slots=True)
class ImageDraft:
    """A picture as somebody asked for it."""

    url: str
    alt: str | None = None


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """A product as somebody asked for it."""

    sku: str
    name: str
    price: Money
    description: str | None = None
    status: ProductStatus = "active"
    category_id: str | None = None
    attributes: Attributes = field(default_factory=dict)
    barcode: str | None = None
    tax_basis_points: int | None = None
    options: Sequence[Option] = ()
    variants: Sequence[VariantDraft] = ()
    images: Sequence[ImageDraft] = ()
    seo: Seo | None = None


class Product(Aggregate):
    """Something for sale. ``skus`` (its own and its variants') are unique in the company.

    ``name_key``, ``facets``, ``skus``, ``stock_state`` and ``in_stock`` follow from the rest, for lists;
    ``stock`` is written by announcements alone, never by an edit.
    """

    sku: str
    name: str
    description: str | None = None
    status: ProductStatus = "active"
    price: Money
    category_id: str | None = None
    attributes: Attributes = {}
    barcode: str | None = None
    tax_basis_points: int | None = None
    options: list[Option] = []
    images: list[Image] = []
    seo: Seo = Seo()
    variants: list[Variant] = []
    skus: list[str] = []
    name_key: str = ""
    facets: list[str] = []
    stock: list[StockFlag] = []
    stock_state: StockStatus = "out_of_stock"
    in_stock: bool = False

    @classmethod
    def create(
        cls, draft: ProductDraft, *, product_id: str, company_id: str, currency: str, now: datetime
    ) -> "Product":
        """A new product, announced with its whole sellable state.

        Raises Invalid (``currency_mismatch``, ``invalid_variants``, ``invalid_attributes``), Conflict ``sku_taken``.
        """
        variants = make_variants(draft.variants)
        product = cls(
            id=product_id,
            company_id=company_id,
            sku=draft.sku,
            name=draft.name,
            description=draft.description,
            status=draft.status,
            price=draft.price,
            category_id=draft.category_id,
            attributes=draft.attributes,
            barcode=draft.barcode,
            tax_basis_points=draft.tax_basis_points,
            options=options_for(draft.options, variants),
            images=make_images(draft.images),
            seo=draft.seo or Seo(),
            variants=variants,
            created_at=now,
            updated_at=now,
        )
        product._check(currency)
        product.record(ProductCreated(product_id=product_id, **product._sellable()))
        return product

    def edit(self, changes: Mapping[str, Any], currency: str) -> None:
        """Apply ``changes`` by field name; attributes are merged, lists replaced. Raises as :meth:`create`."""
        new = dict(changes)
        if "attributes" in new:
            new["attributes"] = merged(self.attributes, new["attributes"]) if new["attributes"] is not None else {}
        if "variants" in new:
            new["variants"] = make_variants(new["variants"] or (), self.variants)
            if "options" not in new:
                new["options"] = options_for((), new["variants"])
        if "images" in new:
            new["images"] = make_images(new["images"] or (), self.images)
        if "seo" in new:
            new["seo"] = self.seo.model_copy(update=new["seo"]) if new["seo"] is not None else Seo()
        before = {name: getattr(self, name) for name in new}
        was_archived = self.status == "archived"
        for name, value in new.items():
            setattr(self, name, value)
        self._check(currency)
        self.record(ProductUpdated(before=_plain(before), after=_plain(new), product_id=self.id, **self._sellable()))
        if self.status == "archived" and not was_archived:
            self.record(ProductArchived(product_id=self.id, **self._sellable()))

    def archive(self) -> bool:
        """Take it out of sale; what was sold keeps pointing at it. False when it is already."""
        if self.status == "archived":
            return False
        self.status = "archived"
        self.record(ProductArchived(product_id=self.id, **self._sellable()))
        return True

    @property
    def sellable_skus(self) -> list[str]:
        """The SKUs that are stocked: with variants only theirs."""
        return [variant.sku for variant in self.variants] or [self.sku]

    @property
    def stock_status(self) -> StockStatus:
        """The best status of what is sellable."""
        return status_of(self.stock, self.sellable_skus)

    def stock_status_of(self, sku: str) -> StockStatus:
        """The status of one SKU over all warehouses."""
        return status_of(self.stock, (sku,))

    def price_of(self, variant: Variant | None) -> Money:
        """What the variant costs, or the product itself."""
        return variant.price if variant is not None and variant.price is not None else self.price

    def choose(self, variant_id: str | None) -> Variant | None:
        """The variant to sell; None for a product without any.

        Raises Invalid ``variant_required`` where one must be named, NotFound for one that is not there.
        """
        if variant_id is None:
            if self.variants:
                fields = [("variantId", "is needed")]
                raise Invalid("variant_required", "This product is sold in variants: name one.", fields)
            return None
        for variant in self.variants:
            if variant.id == variant_id:
                return variant
        raise NotFound("variant")

    def _check(self, currency: str) -> None:
        prices = [self.price, *(variant.price for variant in self.variants if variant.price is not None)]
        if any(price.currency != currency for price in prices):
            raise Invalid("currency_mismatch", f"This company sells in {currency}.", [("price", "is in another")])
        check_attributes(self.attributes)
        check_variants(self.options, self.variants)
        self.skus = [self.sku, *(variant.sku for variant in self.variants)]
        check_skus(self.skus)
        self.name_key = self.name.casefold()
        self.facets = facets(self.attributes, [variant.options for variant in self.variants])

    def _sellable(self) -> dict[str, Any]:
        return {
            "sku": self.sku,
            "name": self.name,
            "status": self.status,
            "price": self.price,
            "tax_basis_points": self.tax_basis_points,
            "category_id": self.category_id,
            "variants": [
                VariantFact(
                    id=variant.id,
                    sku=variant.sku,
                    options=variant.options,
                    price=self.price_of(variant),
                    barcode=variant.barcode,
                )
                for variant in self.variants
            ],
        }


def make_images(drafts: Sequence[ImageDraft], known: Sequence[Image] = ()) -> list[Image]:
    """Pictures in the order given; one whose address is known keeps its id. Raises Invalid ``invalid_images``."""
    if len(drafts) > IMAGES_LIMIT or len({draft.url for draft in drafts}) < len(drafts):
        message = f"at most {IMAGES_LIMIT}, each address once"
        raise Invalid("invalid_images", f"A product has {message}.", [("images", message)])
    by_url = {image.url: image.id for image in known}
    return [Image(id=by_url.get(draft.url) or new_id("img"), url=draft.url, alt=draft.alt) for draft in drafts]


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in values.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain_value(entry) for entry in value]
    return value.model_dump(mode="json", by_alias=True) if isinstance(value, Part | Money) else value
