"""A packing slip: what lies in one parcel, for whom."""

from datetime import datetime

from common.events.parts import PostalAddress
from common.web.schema import Out


class PackedLine(Out):
    """Pieces of one line in the parcel."""

    item_id: str
    sku: str
    name: str
    quantity: int


class PackingSlip(Out):
    """A parcel's slip: no prices, so that a gift stays one."""

    order_id: str
    number: str
    fulfilment_id: str
    at: datetime
    tracking: str | None
    warehouse_id: str | None
    customer_name: str | None
    shipping_address: PostalAddress | None
    note: str | None
    items: list[PackedLine]
