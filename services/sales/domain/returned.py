"""What an order makes of goods that come back: never more than was sold, at the price that was paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from common.aggregate import Part
from common.errors import Conflict, Invalid
from common.events.parts import Tender
from common.money import Money
from services.sales.domain.lines import Line
from services.sales.domain.record import Actor, GivenBack
from services.sales.domain.settlement import ON_ACCOUNT, SettlingOrder, sum_of
from services.sales.domain.states import require_move


@dataclass(frozen=True, slots=True)
class Brought:
    """What somebody brings back: pieces of one line of a receipt, or of a product."""

    item_id: str | None
    product_id: str | None
    variant_id: str | None
    quantity: int
    unit_price: Money | None = None


class ReturnedItem(Part):
    """Pieces that came back. ``refund`` is what was paid for them, ``tax`` the part of it that was tax."""

    item_id: str | None
    product_id: str
    variant_id: str | None
    sku: str
    name: str
    quantity: int
    unit_price: Money
    tax: Money
    refund: Money


class ReturnableOrder(SettlingOrder):
    """An order whose goods may come back."""

    def give_back(self, brought: Sequence[Brought]) -> tuple[list[ReturnedItem], Money]:
        """What the pieces are, and what of their price is still to be given back. Changes nothing.

        Raises Invalid ``unknown_item``, Conflict ``quantity_exceeds_sold``, InvalidTransition before everything was
        handed over.
        """
        require_move("returned_part", self.state)
        items: list[ReturnedItem] = []
        for line, quantity in self._pieces(brought):
            items.append(_returned(line, quantity, self.totals.tax_inclusive))
        value = Money.total((item.refund for item in items), self.totals.grand_total.currency)
        return items, min(value, self._open_money() + self._open_account())

    def take_back(
        self, return_id: str, items: Sequence[ReturnedItem], tenders: Sequence[Tender], *, now: datetime, by: Actor
    ) -> None:
        """Note the pieces and the money of a return. Raises Conflict ``refund_exceeds_paid`` by way of payment."""
        self._check_tenders(tenders)
        counts = {item.item_id: item.quantity for item in items}
        for line in self.items:
            line.returned_quantity += counts.get(line.id, 0)
        everything = all(line.returnable_quantity == 0 for line in self.items)
        self._move("returned_all" if everything else "returned_part", now=now, by=by)
        self.given_back = [*self.given_back, GivenBack(return_id=return_id, tenders=list(tenders))]
        before = self.refunded
        self._recount()
        if self.refunded != before:
            self._follow_refunds(now=now, by=by)

    def _pieces(self, brought: Sequence[Brought]) -> list[tuple[Line, int]]:
        """How many of which line. Products are looked for along the lines, as long as pieces are left."""
        left = {line.id: line.returnable_quantity for line in self.items}
        taken: dict[str, int] = {}
        for number, want in enumerate(brought):
            lines = [line for line in self.items if _is_meant(line, want)]
            if not lines:
                raise Invalid("unknown_item", "Nothing like this was sold.", [(f"items.{number}", "was not sold")])
            open_pieces = sum(left[line.id] for line in lines)
            if want.quantity > open_pieces:
                fields = [{"field": f"items.{number}.quantity", "message": f"at most {open_pieces}"}]
                detail = f"Only {open_pieces} of this can still come back."
                raise Conflict("quantity_exceeds_sold", detail, errors=fields, returnable=open_pieces)
            wanted = want.quantity
            for line in lines:
                part = min(wanted, left[line.id])
                left[line.id] -= part
                wanted -= part
                if part:
                    taken[line.id] = taken.get(line.id, 0) + part
        return [(line, taken[line.id]) for line in self.items if line.id in taken]

    def _check_tenders(self, tenders: Sequence[Tender]) -> None:
        """Money goes back the way there is room for: to a card what came from one, off a debt what is owed."""
        currency = self.totals.grand_total.currency
        credit = sum_of(tenders, currency, ON_ACCOUNT)
        money = Money.total((tender.amount for tender in tenders), currency) - credit
        if credit > self._open_account():
            _refuse(ON_ACCOUNT, self._open_account())
        if money > self._open_money():
            _refuse("money", self._open_money())
        for method in ("card", "paypal"):
            part = sum_of(tenders, currency, method)
            if part.amount and part > self._came_by(method):
                _refuse(method, self._came_by(method))

    def _open_money(self) -> Money:
        """What came in and did not go back yet, in whatever form."""
        currency = self.totals.grand_total.currency
        captured = Money.total((payment.captured for payment in self.payments), currency)
        handed = self.totals.grand_total - self._on_account() if self.till else Money.zero(currency)
        told = Money.total((payment.refunded for payment in self.payments), currency)
        given = self._given() - self._given(ON_ACCOUNT)
        return max(max(captured, handed) - max(told, given), Money.zero(currency))

    def _open_account(self) -> Money:
        """What was put on account, and neither paid nor given back since."""
        currency = self.totals.grand_total.currency
        paid = Money.total((each.captured for each in self.payments if each.method == ON_ACCOUNT), currency)
        return max(self._on_account() - paid - self._given(ON_ACCOUNT), Money.zero(currency))

    def _on_account(self) -> Money:
        total = self.totals.grand_total
        if self.till is not None:
            return sum_of(self.till.tenders, total.currency, ON_ACCOUNT)
        is_promised = self.payment is not None and self.payment.method == ON_ACCOUNT
        return total if is_promised and not self.settled else Money.zero(total.currency)

    def _came_by(self, method: str) -> Money:
        currency = self.totals.grand_total.currency
        own = [payment for payment in self.payments if payment.method == method]
        captured = Money.total((payment.captured for payment in own), currency)
        handed = sum_of(self.till.tenders, currency, method) if self.till else Money.zero(currency)
        told = Money.total((payment.refunded for payment in own), currency)
        return max(max(captured, handed) - max(told, self._given(method)), Money.zero(currency))


def share_of(amount: Money, quantity: int, first: int, count: int) -> Money:
    """What falls on ``count`` of ``quantity`` equal pieces, after ``first`` of them: by largest remainder.

    However the pieces are taken, the shares of all of them sum to ``amount``.
    """
    each, extra = divmod(amount.amount, quantity)
    until = first + count
    return Money.of(each * count + min(until, extra) - min(first, extra), amount.currency)


def _returned(line: Line, quantity: int, tax_inclusive: bool) -> ReturnedItem:
    before = line.returned_quantity
    tax = share_of(line.tax, line.quantity, before, quantity)
    net = share_of(line.total, line.quantity, before, quantity)
    return ReturnedItem(
        item_id=line.id,
        product_id=line.product_id,
        variant_id=line.variant_id,
        sku=line.sku,
        name=line.name,
        quantity=quantity,
        unit_price=line.unit_price,
        tax=tax,
        refund=net if tax_inclusive else net + tax,
    )


def _is_meant(line: Line, want: Brought) -> bool:
    if want.item_id is not None:
        return line.id == want.item_id
    return (line.product_id, line.variant_id) == (want.product_id, want.variant_id)


def _refuse(method: str, room: Money) -> None:
    what = {"money": "was taken for this sale", ON_ACCOUNT: "is still owed on account for it"}
    detail = f"Only {room.amount} {room.currency} {what.get(method, f'came by {method}')}."
    raise Conflict("refund_exceeds_paid", detail, refundable=room.model_dump())
