"""Between the wire's models and what the use cases take and give."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from common.errors import DomainError, Invalid, NotFound
from common.events.parts import PostalAddress, Tender
from common.pagination import Page
from common.web.problems import of_domain
from common.web.schema import AddressIn
from services.sales.domain.customer import Customer
from services.sales.domain.lines import Wanted
from services.sales.domain.note import Note
from services.sales.domain.order import Order, Parcel
from services.sales.domain.record import FulfilledItem
from services.sales.domain.view import View
from services.sales.schemas.customers import CustomerOut
from services.sales.schemas.notes import NoteOut
from services.sales.schemas.orders import FulfilmentIn, OrderFacts, OrderIn, OrderLineIn, OrderOut
from services.sales.schemas.overview import BulkOut, BulkRow, ViewOut
from services.sales.schemas.packing import PackedLine, PackingSlip
from services.sales.schemas.till import SaleBatchOut, SaleIn, SaleOut, SaleResult
from services.sales.service.bulk import Row
from services.sales.service.placing import Asked, Placed
from services.sales.service.till import Outcome, Rung

LISTS = ("addresses", "tags", "groups")
"""Members that are never null: cleared, they are empty."""


def asked(body: OrderIn) -> Asked:
    """A new order as the use case takes it."""
    return Asked(
        items=_ordered(body.items) if body.items else None,
        customer_id=body.customer_id,
        email=body.email,
        shop_id=body.shop_id,
        cart_id=body.cart_id,
        fulfilment_method=body.fulfilment_method,
        shipping_address=address(body.shipping_address),
        billing_address=address(body.billing_address),
        method=body.payment.method if body.payment else None,
        payment_token=body.payment.payment_method_token if body.payment else None,
        capture=body.payment.capture if body.payment else "automatic",
        discount=body.discount,
        expected_total=body.expected_total,
        coupon_code=body.coupon_code,
        placed_at=body.placed_at,
        note=body.note,
    )


def rung(body: SaleIn) -> Rung:
    """A till sale as the use case takes it."""
    return Rung(
        client_sale_id=body.client_sale_id,
        shop_id=body.shop_id,
        items=_ordered(body.items),
        discount=body.discount,
        tenders=[Tender(method=tender.method, amount=tender.amount) for tender in body.tenders],
        sold_at=body.sold_at,
        customer_id=body.customer_id,
        email=body.email,
        note=body.note,
        fingerprint=body.fingerprint(),
    )


def row(content: Any) -> Rung | Invalid:
    """One row of a batch; what is wrong with it where it is not a sale."""
    try:
        return rung(SaleIn.model_validate(content))
    except ValidationError as error:
        fields = [(".".join(str(part) for part in entry["loc"]), entry["msg"]) for entry in error.errors()[:20]]
        return Invalid("invalid_body", "Some fields are refused.", fields)


def address(body: AddressIn | None) -> PostalAddress | None:
    """An address as stored."""
    return PostalAddress.model_validate(body.model_dump()) if body else None


def changes(sent: dict[str, Any], *fields: str) -> dict[str, Any]:
    """A merge patch with the addresses in ``fields`` as stored, and lists that were cleared as empty ones."""
    kept = {name: [] if value is None and name in LISTS else value for name, value in sent.items()}
    for field in kept.keys() & set(fields):
        kept[field] = address(kept[field])
    if "addresses" in kept:
        kept["addresses"] = addresses(kept["addresses"])
    return kept


def addresses(bodies: Sequence[AddressIn]) -> list[PostalAddress]:
    """Several addresses as stored."""
    return [PostalAddress.model_validate(body.model_dump()) for body in bodies]


def parcel(body: FulfilmentIn, parcel_id: str) -> Parcel:
    """A fulfilment as the use case takes it."""
    items = None
    if body.items is not None:
        items = [FulfilledItem(item_id=item.item_id, quantity=item.quantity) for item in body.items]
    return Parcel(parcel_id, items, body.tracking, body.warehouse_id)


def order_out(order: Order) -> OrderOut:
    """An order as shown."""
    return OrderOut.model_validate(order)


def placed_out(placed: Placed) -> OrderOut:
    """A new order as shown, with its token for a guest."""
    shown = OrderOut.model_validate(placed.order)
    shown.order_token = placed.token
    return shown


def orders_out(page: Page[Order]) -> Page[OrderOut]:
    """A page of orders as shown."""
    return Page(items=[order_out(order) for order in page.items], next_cursor=page.next_cursor)


def facts_out(order: Order, customer_user_id: str | None) -> OrderFacts:
    """An order as other services see it."""
    return OrderFacts(
        order_id=order.id,
        number=order.number,
        company_id=str(order.company_id),
        customer_id=order.customer_id,
        customer_user_id=customer_user_id,
        email=order.email,
        shop_id=order.shop_id,
        channel=order.channel,
        status=order.status,
        payment_status=order.payment_status,
        fulfilment_status=order.fulfilment_status,
        total=order.totals.grand_total,
        paid=order.paid,
        payment_method=order.payment.method if order.payment else None,
        has_payment_token=order.has_payment_token,
        capture=order.payment.capture if order.payment else "automatic",
        deadline_at=order.deadline_at,
        order_token_hash=order.token_hash,
        sequence=order.sequence,
    )


def sale_out(order: Order) -> SaleOut:
    """A till sale as shown."""
    assert order.till is not None
    shared = {name: getattr(order, name) for name in OrderOut.model_fields if name != "order_token"}
    own = {name: getattr(order.till, name) for name in SaleOut.model_fields if name not in OrderOut.model_fields}
    return SaleOut(**shared, **own)


def sales_out(page: Page[Order]) -> Page[SaleOut]:
    """A page of till sales as shown."""
    return Page(items=[sale_out(order) for order in page.items], next_cursor=page.next_cursor)


def batch_out(outcomes: list[Outcome]) -> SaleBatchOut:
    """A result a row, and how many of each."""
    results = [
        SaleResult(
            index=index,
            client_sale_id=outcome.client_sale_id,
            status=outcome.status,
            result=sale_out(outcome.order) if outcome.order else None,
            problem=_problem(outcome.error) if outcome.error else None,
        )
        for index, outcome in enumerate(outcomes)
    ]
    counts = {status: sum(row.status == status for row in results) for status in ("accepted", "replayed", "rejected")}
    return SaleBatchOut(results=results, **counts)


def packing_slip(order: Order, fulfilment_id: str) -> PackingSlip:
    """The slip of one parcel. Raises NotFound."""
    parcel = next((parcel for parcel in order.fulfilments if parcel.id == fulfilment_id), None)
    if parcel is None:
        raise NotFound("fulfilment")
    lines = {line.id: line for line in order.items}
    packed = [(lines[item.item_id], item.quantity) for item in parcel.items]
    return PackingSlip(
        order_id=order.id,
        number=order.number,
        fulfilment_id=parcel.id,
        at=parcel.at,
        tracking=parcel.tracking,
        warehouse_id=parcel.warehouse_id,
        customer_name=order.customer_name,
        shipping_address=order.shipping_address,
        note=order.note,
        items=[
            PackedLine(item_id=line.id, sku=line.sku, name=line.name, quantity=quantity) for line, quantity in packed
        ],
    )


def bulk_out(rows: Sequence[Row]) -> BulkOut:
    """A result an order, and how many of each."""
    results = [
        BulkRow(
            index=index,
            order_id=row.order_id,
            status="accepted" if row.order else "rejected",
            result=order_out(row.order) if row.order else None,
            problem=_problem(row.error) if row.error else None,
        )
        for index, row in enumerate(rows)
    ]
    accepted = sum(row.status == "accepted" for row in results)
    return BulkOut(results=results, accepted=accepted, rejected=len(results) - accepted)


def views_out(page: Page[View]) -> Page[ViewOut]:
    """A page of saved views as shown."""
    return Page(items=[ViewOut.model_validate(view) for view in page.items], next_cursor=page.next_cursor)


def notes_out(page: Page[Note]) -> Page[NoteOut]:
    """A page of notes as shown."""
    return Page(items=[NoteOut.model_validate(note) for note in page.items], next_cursor=page.next_cursor)


def customer_out(customer: Customer) -> CustomerOut:
    """A customer as shown."""
    return CustomerOut.model_validate(customer)


def customers_out(page: Page[Customer]) -> Page[CustomerOut]:
    """A page of customers as shown."""
    return Page(items=[customer_out(customer) for customer in page.items], next_cursor=page.next_cursor)


def _ordered(items: list[OrderLineIn]) -> list[Wanted]:
    return [Wanted(item.product_id, item.variant_id, item.quantity, item.unit_price, item.discount) for item in items]


def _problem(error: DomainError) -> dict[str, Any]:
    document: dict[str, Any] = from_json(bytes(of_domain(error).body))
    return document
