"""Requests and answers about products."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from common.money import Money
from common.web.schema import Code, Identifier, In, LongText, Out, PatchIn, Resource, Text
from services.catalog.domain.attributes import Attributes, AttributeValue
from services.catalog.domain.barcode import is_gtin
from services.catalog.domain.product import IMAGES_LIMIT, ImageDraft, Product, ProductDraft, ProductStatus, Seo
from services.catalog.domain.stock import StockStatus
from services.catalog.domain.variant import VARIANTS_LIMIT, Option, VariantDraft

BATCH_LIMIT = 500


def _not_negative(price: Money) -> Money:
    if price.amount < 0:
        raise ValueError("must not be negative")
    return price


def _gtin(code: str) -> str:
    if not is_gtin(code):
        raise ValueError("must be a GTIN of 8, 12, 13 or 14 digits with its check digit")
    return code


Price = Annotated[Money, AfterValidator(_not_negative)]
Gtin = Annotated[str, AfterValidator(_gtin)]
BasisPoints = Annotated[int, Field(strict=True, ge=0, le=10_000)]
HTTPS_LONGEST = 2_000


def _https(url: str) -> str:
    if urlsplit(url).scheme != "https" or not urlsplit(url).hostname or any(part.isspace() for part in url):
        raise ValueError("must be an https address")
    return url


WebAddress = Annotated[Text, StringConstraints(max_length=HTTPS_LONGEST), AfterValidator(_https)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=200)]
Short = Annotated[Text, StringConstraints(max_length=100)]


class OptionIn(In):
    """A dimension in which variants differ, and its values."""

    name: Short
    values: Annotated[list[Short], Field(min_length=1, max_length=VARIANTS_LIMIT)]


class VariantIn(In):
    """A sellable form; without a price it costs what the product costs. ``id`` only for one that exists."""

    id: Identifier | None = None
    sku: Code
    options: Annotated[dict[Short, Short], Field(max_length=10)] = {}
    price: Price | None = None
    barcode: Gtin | None = None

    def draft(self) -> VariantDraft:
        """The same for the domain."""
        return VariantDraft(self.sku, self.options, self.price, self.barcode, self.id)


class ImageIn(In):
    """A picture by its address; the order of the list is the order in which they are shown."""

    url: WebAddress
    alt: Text | None = None


class SeoIn(In):
    """What search engines are shown; the slug is unique in the company."""

    title: Text | None = None
    description: Text | None = None
    slug: Slug | None = None


Images = Annotated[list[ImageIn], Field(max_length=IMAGES_LIMIT)]
Options = Annotated[list[OptionIn], Field(max_length=10)]
Variants = Annotated[list[VariantIn], Field(max_length=VARIANTS_LIMIT)]


_EXAMPLE: dict[str, Any] = {
    "sku": "MUG-BLUE",
    "name": "Ceramic mug",
    "price": {"amount": 1299, "currency": "EUR"},
    "attributes": {"color": "blue"},
    "barcode": "4006381333931",
}


class ProductIn(In):
    """A new product."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    sku: Code
    name: Text
    description: LongText | None = None
    price: Price
    category_id: Identifier | None = None
    attributes: Attributes = {}
    barcode: Gtin | None = None
    status: ProductStatus = "active"
    tax_basis_points: BasisPoints | None = None
    options: Options = []
    variants: Variants = []
    images: Images = []
    seo: SeoIn | None = None

    def draft(self) -> ProductDraft:
        """The same for the domain."""
        return ProductDraft(
            sku=self.sku,
            name=self.name,
            price=self.price,
            description=self.description,
            status=self.status,
            category_id=self.category_id,
            attributes=self.attributes,
            barcode=self.barcode,
            tax_basis_points=self.tax_basis_points,
            options=_options(self.options),
            variants=[variant.draft() for variant in self.variants],
            images=[ImageDraft(image.url, image.alt) for image in self.images],
            seo=Seo(**self.seo.model_dump()) if self.seo else None,
        )


class ProductPatch(PatchIn):
    """Changes to a product; attributes are merged, options and variants replaced."""

    name: Text = Field("", examples=["Ceramic mug, large"])
    description: LongText | None = None
    price: Price = Field(default_factory=lambda: Money.zero("EUR"), examples=[{"amount": 1499, "currency": "EUR"}])
    category_id: Identifier | None = None
    attributes: dict[str, AttributeValue | None] | None = None
    barcode: Gtin | None = None
    status: ProductStatus = "active"
    tax_basis_points: BasisPoints | None = None
    options: Options | None = None
    variants: Variants | None = None
    images: Images | None = None
    seo: SeoIn | None = None

    def edits(self) -> dict[str, Any]:
        """What was sent, as the domain understands it."""
        changes = self.changes()
        if "options" in changes:
            changes["options"] = _options(self.options or [])
        if "variants" in changes:
            changes["variants"] = [variant.draft() for variant in self.variants or []]
        if "images" in changes:
            changes["images"] = [ImageDraft(image.url, image.alt) for image in self.images or []]
        if self.seo is not None:
            changes["seo"] = self.seo.model_dump(exclude_unset=True)
        return changes


class OptionOut(Out):
    """A dimension in which variants differ."""

    name: str
    values: list[str]


class ImageOut(Out):
    """A picture."""

    id: str
    url: str
    alt: str | None


class SeoOut(Out):
    """What search engines are shown."""

    title: str | None
    description: str | None
    slug: str | None


class VariantOut(Out):
    """A sellable form of a product."""

    id: str
    sku: str
    options: dict[str, str]
    price: Money
    barcode: str | None
    stock_status: StockStatus


class ProductOut(Resource):
    """A product."""

    sku: str
    name: str
    description: str | None
    status: ProductStatus
    price: Money
    category_id: str | None
    attributes: Attributes
    barcode: str | None
    tax_basis_points: int | None
    stock_status: StockStatus
    options: list[OptionOut]
    images: list[ImageOut]
    seo: SeoOut
    variants: list[VariantOut]

    @classmethod
    def of(cls, product: Product) -> "ProductOut":
        """The product as shown."""
        shown = {name: getattr(product, name) for name in cls.model_fields if name != "variants"}
        return cls.model_validate({**shown, "variants": [_variant(product, index) for index in _places(product)]})


class ProductBatchIn(In):
    """Up to 500 new products; each is looked at by itself."""

    products: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=BATCH_LIMIT, examples=[[_EXAMPLE]])]


class BatchResult(Out):
    """What became of one row."""

    index: int
    status: Literal["accepted", "replayed", "rejected"]
    result: ProductOut | None
    problem: dict[str, Any] | None


class BatchOut(Out):
    """What became of a batch, row by row."""

    results: list[BatchResult]
    accepted: int
    replayed: int
    rejected: int


def _places(product: Product) -> range:
    return range(len(product.variants))


def _variant(product: Product, place: int) -> dict[str, Any]:
    variant = product.variants[place]
    return {
        "id": variant.id,
        "sku": variant.sku,
        "options": variant.options,
        "price": product.price_of(variant),
        "barcode": variant.barcode,
        "stock_status": product.stock_status_of(variant.sku),
    }


def _options(options: list[OptionIn]) -> list[Option]:
    return [Option(name=option.name, values=list(dict.fromkeys(option.values))) for option in options]
