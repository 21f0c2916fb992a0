"""The return of goods at a till: what came back, for which money, and whether it is sold again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from common.aggregate import Aggregate
from common.errors import Invalid
from common.events.orders import ReturnedLine, SaleReturned
from common.events.parts import Tender
from common.money import Money
from services.sales.domain.lines import Line, Priced, Sellable
from services.sales.domain.record import Actor
from services.sales.domain.returned import Brought, ReturnedItem

Outcome = Literal["restock", "damaged"]
WITHOUT_RECEIPT = ("cash", "card")
"""How money goes back when no sale says how it came."""


@dataclass(frozen=True, slots=True)
class Counter:
    """What a till says of a return, beside the goods. ``fingerprint``: a hash of all that was sent."""

    return_id: str
    client_return_id: str
    shop_id: str
    outcome: Outcome
    tenders: Sequence[Tender]
    reason: str | None
    fingerprint: str


class Return(Aggregate):
    """Goods that came back to a shop. ``value`` is what was paid for them, ``total`` what was given back.

    The two differ where a part of the price had been refunded before.
    """

    number: str
    client_return_id: str
    shop_id: str
    order_id: str | None
    order_number: str | None
    customer_id: str | None
    items: list[ReturnedItem]
    outcome: Outcome
    value: Money
    total: Money
    refund_tenders: list[Tender]
    reason: str | None
    fulfilment_status: str | None
    taken_by: Actor
    fingerprint: str

    @classmethod
    def take(
        cls,
        counter: Counter,
        items: Sequence[ReturnedItem],
        total: Money,
        *,
        company_id: str,
        number: str,
        now: datetime,
        by: Actor,
        order_id: str | None = None,
        order_number: str | None = None,
        customer_id: str | None = None,
        fulfilment_status: str | None = None,
    ) -> "Return":
        """A finished return; it tells inventory, payment and debt what to do."""
        made = cls(
            id=counter.return_id,
            company_id=company_id,
            number=number,
            client_return_id=counter.client_return_id,
            shop_id=counter.shop_id,
            order_id=order_id,
            order_number=order_number,
            customer_id=customer_id,
            items=list(items),
            outcome=counter.outcome,
            value=Money.total((item.refund for item in items), total.currency),
            total=total,
            refund_tenders=list(counter.tenders),
            reason=counter.reason,
            fulfilment_status=fulfilment_status,
            taken_by=by,
            fingerprint=counter.fingerprint,
            created_at=now,
            updated_at=now,
        )
        made.record(made._fact(now))
        return made

    def _fact(self, now: datetime) -> SaleReturned:
        return SaleReturned(
            return_id=self.id,
            number=self.number,
            client_return_id=self.client_return_id,
            shop_id=self.shop_id,
            order_id=self.order_id,
            customer_id=self.customer_id,
            lines=[ReturnedLine.model_validate(item.model_dump()) for item in self.items],
            outcome=self.outcome,
            total=self.total,
            tenders=self.refund_tenders,
            reason=self.reason,
            fulfilment_status=self.fulfilment_status,
            returned_at=now,
        )


def check_sum(tenders: Sequence[Tender], due: Money) -> None:
    """Raises Invalid ``refund_mismatch`` unless the money handed back is exactly what is due."""
    for number, tender in enumerate(tenders):
        if tender.amount.currency != due.currency:
            fields = [(f"refundTenders.{number}", f"must be in {due.currency}")]
            raise Invalid("currency_mismatch", f"Prices here are in {due.currency}.", fields)
    given = Money.total((tender.amount for tender in tenders), due.currency)
    if given != due:
        fields = [("refundTenders", f"must sum to {due.amount}")]
        raise Invalid("refund_mismatch", f"{due.amount} {due.currency} are due.", fields, refundDue=due.model_dump())


def check_unreceipted(brought: Sequence[Brought], products: dict[str, Sellable], tenders: Sequence[Tender]) -> None:
    """What may come back without a receipt: goods of ours, at today's price at most, for cash or to a card.

    Raises Invalid ``unit_price_too_high``, ``refund_method_unavailable``.
    """
    for number, want in enumerate(brought):
        product = products.get(want.product_id or "")
        if product is None or want.unit_price is None:
            continue
        _, listed = product.choose(want.variant_id, f"items.{number}")
        if want.unit_price.currency == listed.currency and want.unit_price > listed:
            fields = [(f"items.{number}.unitPrice", f"at most {listed.amount}")]
            raise Invalid("unit_price_too_high", "Without a receipt today's price is the most.", fields)
    for number, tender in enumerate(tenders):
        if tender.method not in WITHOUT_RECEIPT:
            fields = [(f"refundTenders.{number}.method", "needs a receipt")]
            raise Invalid(
                "refund_method_unavailable", "Without a receipt money goes back in cash or to a card.", fields
            )


def items_of(priced: Priced) -> list[ReturnedItem]:
    """Priced lines as goods that came back without a receipt."""
    return [_item(line, priced.totals.tax_inclusive) for line in priced.lines]


def _item(line: Line, tax_inclusive: bool) -> ReturnedItem:
    return ReturnedItem(
        item_id=None,
        product_id=line.product_id,
        variant_id=line.variant_id,
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        unit_price=line.unit_price,
        tax=line.tax,
        refund=line.total if tax_inclusive else line.total + line.tax,
    )
