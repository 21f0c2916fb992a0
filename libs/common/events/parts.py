"""Values that several events carry."""

from datetime import datetime
from typing import Any

from common.events.base import EventData, EventPart
from common.money import Money


class PostalAddress(EventPart):
    """Where a parcel goes."""

    name: str | None = None
    line1: str
    line2: str | None = None
    city: str
    region: str | None = None
    postal_code: str | None = None
    country: str
    phone: str | None = None


class OrderLine(EventPart):
    """One line of an order as sold. ``quantity`` in pieces; ``total`` includes discount, and tax if inclusive."""

    id: str
    product_id: str
    variant_id: str | None = None
    sku: str
    name: str
    quantity: int
    unit_price: Money
    total: Money


class StockLine(EventPart):
    """A quantity of one SKU at one warehouse."""

    sku: str
    warehouse_id: str
    quantity: int


class Shortage(EventPart):
    """A SKU of which there was too little."""

    sku: str
    requested: int
    available: int


class Tender(EventPart):
    """Money handed over in one form."""

    method: str
    amount: Money


class CompanySettings(EventPart):
    """The settings of a company that others act by. ``tax_basis_points``: 2000 is 20 %.

    ``allowed_origins``: whose pages may call from a browser. ``staff_refund_limit``: the most that shop staff
    give back of one payment; None for all of it.
    """

    tax_inclusive: bool = True
    tax_basis_points: int = 0
    guest_checkout: bool = True
    payment_deadline_seconds: int = 900
    low_stock_threshold: int = 5
    allowed_origins: list[str] = []
    staff_refund_limit: Money | None = None


class CompanyLimits(EventPart):
    """What a company's plan allows; None is without limit."""

    shops: int | None = None
    staff: int | None = None
    products: int | None = None
    requests_per_minute: int | None = None


class VariantFact(EventPart):
    """A sellable form of a product."""

    id: str
    sku: str
    options: dict[str, str]
    price: Money
    barcode: str | None = None


class ChangeData(EventData):
    """Base of facts that a resource was edited: what the audit log shows beside them."""

    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class Moment(EventPart):
    """An instant with its cause; used by timelines."""

    at: datetime
    type: str
