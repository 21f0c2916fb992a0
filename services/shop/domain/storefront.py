"""How a company's storefront looks: what its pages are rendered from."""

from datetime import datetime
from typing import Any, Literal

from common.aggregate import Aggregate, Part
from common.events.tenancy import StorefrontConfigured

Layout = Literal["grid", "list", "masonry"]


class Contact(Part):
    """Where customers turn to."""

    email: str | None = None
    phone: str | None = None


class Colours(Part):
    """Six-digit hexadecimal colours, such as #1a2b3c."""

    primary: str = "#1f4b99"
    secondary: str = "#5b6b7f"
    background: str = "#ffffff"
    text: str = "#1b1f24"


class Fonts(Part):
    """Names of font families."""

    heading: str = "system-ui"
    body: str = "system-ui"


class ProductCard(Part):
    """What a product shows in a list."""

    price: bool = True
    stock: bool = True
    description: bool = False
    image: bool = True


class Storefront(Aggregate):
    """The configuration of a company's storefront. ``name`` null: the company's own name is shown."""

    name: str | None = None
    logo_url: str | None = None
    favicon_url: str | None = None
    contact: Contact = Contact()
    social_links: dict[str, str] = {}
    colours: Colours = Colours()
    fonts: Fonts = Fonts()
    layout: Layout = "grid"
    product_card: ProductCard = ProductCard()
    products_per_page: int = 20

    @classmethod
    def begin(cls, *, storefront_id: str, company_id: str, now: datetime) -> "Storefront":
        """As every storefront looks before anybody configures it."""
        return cls(id=storefront_id, company_id=company_id, version=0, created_at=now, updated_at=now)

    def configure(self, changes: dict[str, Any]) -> bool:
        """Apply ``changes`` by field name; parts are merged, null goes back to the default (RFC 7396).

        True when anything changed.
        """
        fresh = type(self).model_fields
        wanted = {name: self._merged(name, value, fresh[name].default) for name, value in changes.items()}
        wanted = {name: value for name, value in wanted.items() if value != getattr(self, name)}
        if not wanted:
            return False
        self.version = self.version or 1
        before = {name: _plain(getattr(self, name)) for name in wanted}
        for name, value in wanted.items():
            setattr(self, name, value)
        after = {name: _plain(value) for name, value in wanted.items()}
        self.record(StorefrontConfigured(storefront_id=self.id, before=before, after=after))
        return True

    def _merged(self, name: str, value: Any, default: Any) -> Any:
        if value is None:
            return default
        current = getattr(self, name)
        if isinstance(current, Part):
            parts = {key: getattr(default, key) if inner is None else inner for key, inner in value.items()}
            return current.model_copy(update=parts)
        if isinstance(current, dict):
            kept = {key: inner for key, inner in {**current, **value}.items() if inner is not None}
            return dict(sorted(kept.items()))
        return value


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json", by_alias=True) if isinstance(value, Part) else value
