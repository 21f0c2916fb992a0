"""Till sales: paid and handed over at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from common.errors import Invalid
from common.events.parts import Tender
from common.money import Money
from services.sales.domain import facts
from services.sales.domain.lines import Priced
from services.sales.domain.order import Order
from services.sales.domain.record import Actor, FulfilledItem, Fulfilment, SoldAtDoubt, TillFacts, TimelineEntry

TENDER_METHODS = ("cash", "card", "on_account")

SKEW_ALLOWED = timedelta(minutes=2)
"""How far a till's clock may run ahead before it is noted."""

LONG_AGO = timedelta(days=31)
"""Sales that come later than this after they were made are noted."""

FURTHEST_AHEAD = timedelta(days=1)
FURTHEST_BACK = timedelta(days=730)
"""Beyond these a till's clock is plainly wrong, and the sale is refused until it is set."""


@dataclass(frozen=True, slots=True)
class Sale:
    """What a till sends, beside the priced lines."""

    order_id: str
    company_id: str
    number: str
    shop_id: str
    customer_id: str | None
    customer_name: str | None
    email: str | None
    client_sale_id: str
    tenders: list[Tender]
    note: str | None
    sold_at: datetime
    fingerprint: str


def sell(sale: Sale, priced: Priced, *, now: datetime, by: Actor) -> Order:
    """A finished sale. Raises Invalid ``tender_short``, ``tender_exceeds_total``, ``customer_required``."""
    total = priced.totals.grand_total
    change = change_of(sale.tenders, total)
    if sale.customer_id is None and any(tender.method == "on_account" for tender in sale.tenders):
        raise Invalid("customer_required", "On account needs a customer.", [("customerId", "is required")])
    for line in priced.lines:
        line.fulfilled_quantity = line.quantity
    order = Order(
        id=sale.order_id,
        company_id=sale.company_id,
        number=sale.number,
        channel="pos",
        customer_id=sale.customer_id,
        email=sale.email,
        customer_name=sale.customer_name,
        shop_id=sale.shop_id,
        cart_id=None,
        cart_key=None,
        status="completed",
        payment_status="paid",
        fulfilment_status="fulfilled",
        items=priced.lines,
        totals=priced.totals,
        paid=total,
        refunded=Money.zero(total.currency),
        settled=True,
        payment=None,
        fulfilments=[_handed_over(priced, sale)],
        shipping_address=None,
        note=sale.note,
        placed_at=sale.sold_at,
        deadline_at=None,
        due_at=None,
        confirmed_at=now,
        timeline=[TimelineEntry(at=now, type="sold", actor=by)],
        till=TillFacts(
            client_sale_id=sale.client_sale_id,
            sold_at=sale.sold_at,
            tenders=sale.tenders,
            change=change,
            price_variance=priced.varies,
            sold_at_doubt=doubt_of(sale.sold_at, now),
            fingerprint=sale.fingerprint,
        ),
        created_at=now,
        updated_at=now,
    )
    order.record(facts.sold(order))
    return order


def doubt_of(sold_at: datetime, now: datetime) -> SoldAtDoubt | None:
    """What is odd about a till's time. Raises Invalid for one that cannot be."""
    if not now - FURTHEST_BACK <= sold_at <= now + FURTHEST_AHEAD:
        message = f"must lie within {FURTHEST_BACK.days} days back and {FURTHEST_AHEAD.days} ahead"
        raise Invalid("invalid_body", "Some fields are refused.", [("soldAt", message)])
    if sold_at > now + SKEW_ALLOWED:
        return "in_future"
    return "long_ago" if sold_at < now - LONG_AGO else None


def change_of(tenders: Sequence[Tender], total: Money) -> Money:
    """The cash to hand back. Raises Invalid when the tenders fall short, or exceed the total without cash."""
    for number, tender in enumerate(tenders):
        if tender.amount.currency != total.currency:
            message = f"must be in {total.currency}"
            raise Invalid(
                "currency_mismatch", f"Prices here are in {total.currency}.", [(f"tenders.{number}", message)]
            )
    given = Money.total((tender.amount for tender in tenders), total.currency)
    if given < total:
        raise Invalid("tender_short", "The tenders do not cover the total.", missing=(total - given).model_dump())
    cash = Money.total((tender.amount for tender in tenders if tender.method == "cash"), total.currency)
    change = given - total
    if change > cash:
        raise Invalid("tender_exceeds_total", "Only cash may exceed the total.")
    return change


def _handed_over(priced: Priced, sale: Sale) -> Fulfilment:
    items = [FulfilledItem(item_id=line.id, quantity=line.quantity) for line in priced.lines]
    return Fulfilment(id=f"ful_{sale.order_id.partition('_')[2]}", items=items, tracking=None, at=sale.sold_at)
