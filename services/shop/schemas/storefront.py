"""Requests and answers about a storefront."""

from typing import Annotated

from pydantic import AfterValidator, EmailStr, Field, HttpUrl, StringConstraints

from common.web.schema import E164, In, Out, PatchIn, Resource, Text
from services.shop.domain.storefront import Layout

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Font = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 -]{0,59}$")]
Network = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,29}$")]


def _without_secrets(url: HttpUrl) -> str:
    if url.username or url.password:
        raise ValueError("must not carry a user name or password")
    return str(url)


Link = Annotated[HttpUrl, AfterValidator(_without_secrets), Field(max_length=2000)]
"""An http or https address."""


class ContactPatch(In):
    """Where customers turn to; null removes."""

    email: EmailStr | None = None
    phone: E164 | None = None


class ColoursPatch(In):
    """Six-digit hexadecimal colours; null goes back to the default."""

    primary: Colour | None = None
    secondary: Colour | None = None
    background: Colour | None = None
    text: Colour | None = None


class FontsPatch(In):
    """Font families; null goes back to the default."""

    heading: Font | None = None
    body: Font | None = None


class ProductCardPatch(In):
    """What a product shows in a list; null goes back to the default."""

    price: bool | None = None
    stock: bool | None = None
    description: bool | None = None
    image: bool | None = None


class StorefrontPatch(PatchIn):
    """Changes to the storefront; what is null goes back to the default."""

    name: Text | None = None
    logo_url: Link | None = None
    favicon_url: Link | None = None
    contact: ContactPatch | None = None
    social_links: Annotated[dict[Network, Link | None], Field(max_length=20)] | None = None
    colours: ColoursPatch | None = None
    fonts: FontsPatch | None = None
    layout: Layout | None = None
    product_card: ProductCardPatch | None = None
    products_per_page: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None


class ContactOut(Out):
    """Where customers turn to."""

    email: str | None
    phone: str | None


class ColoursOut(Out):
    """Six-digit hexadecimal colours."""

    primary: str
    secondary: str
    background: str
    text: str


class FontsOut(Out):
    """Font families."""

    heading: str
    body: str


class ProductCardOut(Out):
    """What a product shows in a list."""

    price: bool
    stock: bool
    description: bool
    image: bool


class StorefrontOut(Resource):
    """How a company's storefront looks. ``version`` is 0 while nobody has configured it."""

    name: str
    slug: str
    currency: str
    logo_url: str | None
    favicon_url: str | None
    contact: ContactOut
    social_links: dict[str, str]
    colours: ColoursOut
    fonts: FontsOut
    layout: Layout
    product_card: ProductCardOut
    products_per_page: int
