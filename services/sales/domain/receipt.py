"""The receipt of a till sale: what was sold, with which tax, and how it was paid."""

from datetime import datetime
from zoneinfo import ZoneInfo

from common.aggregate import Part
from common.events.parts import Tender
from common.money import Money
from services.sales.domain.lines import Line, Totals
from services.sales.domain.record import OrderRecord

POLICY = "Please keep this receipt: returns need it."


class ReceiptLine(Part):
    """One line as sold; ``returned_quantity`` of its pieces came back since."""

    sku: str
    name: str
    quantity: int
    returned_quantity: int
    unit_price: Money
    discount: Money
    total: Money


class TaxLine(Part):
    """What falls on one rate; ``net`` and ``tax`` make ``gross``."""

    tax_basis_points: int
    net: Money
    tax: Money
    gross: Money


class Receipt(Part):
    """A till sale for its buyer. ``sold_at`` stands in the shop's own time."""

    sale_id: str
    number: str
    company_name: str
    shop_name: str
    sold_at: datetime
    customer_name: str | None
    lines: list[ReceiptLine]
    totals: Totals
    taxes: list[TaxLine]
    tenders: list[Tender]
    change: Money
    refunded: Money
    policy: str


def receipt_of(order: OrderRecord, *, company_name: str, shop_name: str, zone: ZoneInfo) -> Receipt:
    """The receipt of a till sale."""
    assert order.till is not None, "only a till sale has a receipt"
    return Receipt(
        sale_id=order.id,
        number=order.number,
        company_name=company_name,
        shop_name=shop_name,
        sold_at=order.till.sold_at.astimezone(zone),
        customer_name=order.customer_name,
        lines=[_line(line) for line in order.items],
        totals=order.totals,
        taxes=taxes_of(order.items, order.totals),
        tenders=order.till.tenders,
        change=order.till.change,
        refunded=order.refunded,
        policy=POLICY,
    )


def taxes_of(lines: list[Line], totals: Totals) -> list[TaxLine]:
    """Tax by rate, the lowest first; the sums are those of the sale."""
    currency, taxes = totals.grand_total.currency, []
    for rate in sorted({line.tax_basis_points for line in lines}):
        own = [line for line in lines if line.tax_basis_points == rate]
        tax = Money.total((line.tax for line in own), currency)
        charged = Money.total((line.total for line in own), currency)
        net = charged - tax if totals.tax_inclusive else charged
        taxes.append(TaxLine(tax_basis_points=rate, net=net, tax=tax, gross=net + tax))
    return taxes


def _line(line: Line) -> ReceiptLine:
    return ReceiptLine(
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        returned_quantity=line.returned_quantity,
        unit_price=line.unit_price,
        discount=line.discount,
        total=line.total,
    )
