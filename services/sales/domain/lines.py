"""Lines of an order: what is sold, at which price, with which tax; and the totals over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.aggregate import Part
from common.errors import Invalid, NotFound
from common.events.parts import CompanySettings, OrderLine, VariantFact
from common.money import LARGEST_AMOUNT, Money, basis_points_of
from services.sales.domain.former_prices import FormerPrice

LINES_LIMIT = 1000


class Line(Part):
    """One line as sold. ``total`` is after discount; it contains ``tax`` when prices are tax-inclusive."""

    id: str
    product_id: str
    variant_id: str | None
    sku: str
    name: str
    quantity: int
    fulfilled_quantity: int = 0
    returned_quantity: int = 0
    unit_price: Money
    discount: Money
    tax_basis_points: int
    tax: Money
    total: Money

    @property
    def open_quantity(self) -> int:
        """Pieces not handed over yet."""
        return self.quantity - self.fulfilled_quantity

    @property
    def returnable_quantity(self) -> int:
        """Pieces that were handed over and did not come back."""
        return self.fulfilled_quantity - self.returned_quantity

    def as_fact(self) -> OrderLine:
        """The line as events carry it."""
        return OrderLine(
            id=self.id,
            product_id=self.product_id,
            variant_id=self.variant_id,
            sku=self.sku,
            name=self.name,
            quantity=self.quantity,
            unit_price=self.unit_price,
            total=self.total,
        )


class Totals(Part):
    """Sums over the lines. ``grand_total`` = subtotal − discount + shipping, + tax unless inclusive."""

    subtotal: Money
    discount: Money
    tax: Money
    shipping: Money
    grand_total: Money
    tax_inclusive: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line as asked for. Without ``unit_price`` the catalogue's price holds; ``discount`` is off the whole line."""

    product_id: str
    variant_id: str | None
    quantity: int
    unit_price: Money | None = None
    discount: Money | None = None


@dataclass(frozen=True, slots=True)
class Sellable:
    """What the local copy of a product says."""

    product_id: str
    sku: str
    name: str
    status: str
    price: Money
    tax_basis_points: int | None
    variants: tuple[VariantFact, ...]
    former_prices: tuple[FormerPrice, ...] = ()

    @classmethod
    def from_copy(cls, copy: Mapping[str, Any]) -> "Sellable":
        """Read a stored copy."""
        return cls(
            product_id=copy["_id"],
            sku=copy["sku"],
            name=copy["name"],
            status=copy["status"],
            price=Money.model_validate(copy["price"]),
            tax_basis_points=copy.get("taxBasisPoints"),
            variants=tuple(VariantFact.model_validate(variant) for variant in copy.get("variants") or ()),
            former_prices=tuple(FormerPrice.model_validate(price) for price in copy.get("formerPrices") or ()),
        )

    def choose(self, variant_id: str | None, field: str) -> tuple[str, Money]:
        """SKU and price of what is stocked. Raises Invalid ``variant_required``, NotFound for a foreign variant."""
        if variant_id is None:
            if self.variants:
                raise Invalid(
                    "variant_required", "This product is sold by variant.", [(f"{field}.variantId", "is required")]
                )
            return self.sku, self.price
        for variant in self.variants:
            if variant.id == variant_id:
                return variant.sku, variant.price
        raise NotFound("variant", errors=[{"field": f"{field}.variantId", "message": "is not known"}])


@dataclass(frozen=True, slots=True)
class Tariff:
    """By what prices are reckoned: the company's currency and tax."""

    currency: str
    tax_inclusive: bool
    tax_basis_points: int

    @classmethod
    def of(cls, currency: str, settings: CompanySettings) -> "Tariff":
        """The tariff that a company's settings make."""
        return cls(currency, settings.tax_inclusive, settings.tax_basis_points)


@dataclass(frozen=True, slots=True)
class Priced:
    """Lines with their totals. ``varies``: some price differs from the catalogue's."""

    lines: list[Line]
    totals: Totals
    varies: bool


def price(
    order_id: str,
    wanted: Sequence[Wanted],
    products: Mapping[str, Sellable],
    tariff: Tariff,
    *,
    only_active: bool = True,
    discount: Money | None = None,
) -> Priced:
    """Price every line. Ids of lines derive from the order's, so that a repeated run makes the same ones.

    ``discount`` is off the whole order: split over the lines by what each costs after its own discount, by
    largest remainder, so that the parts sum to the whole.

    Raises NotFound for an unknown product, Invalid ``product_unavailable`` for one that is not on sale,
    ``discount_too_large``, and for a missing variant or a foreign currency.
    """
    goods = [_goods(f"items.{number}", want, products, tariff, only_active) for number, want in enumerate(wanted)]
    shares = _shares(goods, discount, tariff.currency)
    stem = order_id.partition("_")[2]
    lines = [
        _line(f"itm_{stem}{number:04d}", each, share, tariff)
        for number, (each, share) in enumerate(zip(goods, shares, strict=True))
    ]
    return Priced(lines, _totals(lines, tariff), any(each.unit_price != each.listed for each in goods))


@dataclass(frozen=True, slots=True)
class _Goods:
    """A line with its price, before the order's own discount."""

    want: Wanted
    product: Sellable
    sku: str
    listed: Money
    unit_price: Money
    gross: Money
    discount: Money


def _goods(field: str, want: Wanted, products: Mapping[str, Sellable], tariff: Tariff, only_active: bool) -> _Goods:
    product = products.get(want.product_id)
    if product is None:
        raise NotFound("product", errors=[{"field": f"{field}.productId", "message": "is not known"}])
    if only_active and product.status != "active":
        fields = [(f"{field}.productId", "is not on sale")]
        raise Invalid("product_unavailable", f"{product.name} is not on sale.", fields, productId=product.product_id)
    sku, listed = product.choose(want.variant_id, field)
    unit_price = want.unit_price or listed
    _same_currency(unit_price, tariff.currency, f"{field}.unitPrice")
    gross = _bounded(unit_price * want.quantity)
    discount = _within(want.discount, gross, f"{field}.discount")
    return _Goods(want, product, sku, listed, unit_price, gross, discount)


def _shares(goods: Sequence[_Goods], discount: Money | None, currency: str) -> list[Money]:
    """What of the order's discount falls on each line; never more than the line costs."""
    open_amounts = [each.gross - each.discount for each in goods]
    whole = _within(discount, Money.total(open_amounts, currency), "discount")
    if whole.amount == 0:
        return [whole for _ in goods]
    return whole.allocate([amount.amount for amount in open_amounts])


def _line(line_id: str, goods: _Goods, share: Money, tariff: Tariff) -> Line:
    own_rate = goods.product.tax_basis_points
    rate = tariff.tax_basis_points if own_rate is None else own_rate
    discount = goods.discount + share
    total = goods.gross - discount
    return Line(
        id=line_id,
        product_id=goods.product.product_id,
        variant_id=goods.want.variant_id,
        sku=goods.sku,
        name=goods.product.name,
        quantity=goods.want.quantity,
        unit_price=goods.unit_price,
        discount=discount,
        tax_basis_points=rate,
        tax=Money.of(basis_points_of(total.amount, rate, inclusive=tariff.tax_inclusive), tariff.currency),
        total=total,
    )


def _totals(lines: Sequence[Line], tariff: Tariff) -> Totals:
    currency = tariff.currency
    discount = Money.total((line.discount for line in lines), currency)
    net = Money.total((line.total for line in lines), currency)
    tax = Money.total((line.tax for line in lines), currency)
    shipping = Money.zero(currency)
    return Totals(
        subtotal=net + discount,
        discount=discount,
        tax=tax,
        shipping=shipping,
        grand_total=_bounded(net + shipping if tariff.tax_inclusive else net + shipping + tax),
        tax_inclusive=tariff.tax_inclusive,
    )


def _bounded(amount: Money) -> Money:
    if amount.amount > LARGEST_AMOUNT:
        raise Invalid("amount_too_large", f"An order is at most {LARGEST_AMOUNT} minor units.")
    return amount


def _within(discount: Money | None, most: Money, field: str) -> Money:
    """A discount between nothing and ``most``; nothing where none was asked for."""
    if discount is None:
        return Money.zero(most.currency)
    _same_currency(discount, most.currency, field)
    if not 0 <= discount.amount <= most.amount:
        fields = [(field, f"must be between 0 and {most.amount}")]
        raise Invalid("discount_too_large", "A discount takes off no more than what it is given on.", fields)
    return discount


def _same_currency(amount: Money, currency: str, field: str) -> None:
    if amount.currency != currency:
        raise Invalid("currency_mismatch", f"Prices here are in {currency}.", [(field, f"must be in {currency}")])
