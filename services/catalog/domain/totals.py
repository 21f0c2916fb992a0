"""What a cart costs right now."""

from collections.abc import Mapping
from dataclasses import dataclass

from common.events.parts import CompanySettings
from common.money import LARGEST_AMOUNT, Money, basis_points_of
from services.catalog.domain.cart import Cart, CartLine
from services.catalog.domain.product import Product


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line at its live price. ``available``: it could be ordered now."""

    line: CartLine
    sku: str
    name: str
    unit_price: Money
    total: Money
    tax: Money
    available: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """``grand_total`` = subtotal − discount + shipping, + tax unless prices include it."""

    subtotal: Money
    discount: Money
    tax: Money
    shipping: Money
    grand_total: Money
    tax_inclusive: bool


@dataclass(frozen=True, slots=True)
class PricedCart:
    """A cart with live prices. ``token`` is what its holder sends back."""

    cart: Cart
    token: str
    currency: str
    lines: list[PricedLine]
    totals: Totals


def price_cart(
    cart: Cart, token: str, products: Mapping[str, Product], currency: str, settings: CompanySettings
) -> PricedCart:
    """The cart at today's prices and the company's tax."""
    lines = [_price(line, products.get(line.product_id), currency, settings) for line in cart.lines]
    subtotal = Money.total((line.total for line in lines), currency)
    tax = Money.total((line.tax for line in lines), currency)
    none = Money.zero(currency)
    totals = Totals(
        subtotal=subtotal,
        discount=none,
        tax=tax,
        shipping=none,
        grand_total=subtotal if settings.tax_inclusive else subtotal + tax,
        tax_inclusive=settings.tax_inclusive,
    )
    return PricedCart(cart=cart, token=token, currency=currency, lines=lines, totals=totals)


def _price(line: CartLine, product: Product | None, currency: str, settings: CompanySettings) -> PricedLine:
    """A line whose product or variant is gone, or that no order could hold, costs nothing and is not available."""
    none = Money.zero(currency)
    if product is None or not _is_sold(product, line):
        return PricedLine(line, line.sku, line.name, none, none, none, available=False)
    variant = next((known for known in product.variants if known.id == line.variant_id), None)
    unit_price = product.price_of(variant)
    total = unit_price * line.quantity
    if total.amount > LARGEST_AMOUNT:
        return PricedLine(line, line.sku, product.name, unit_price, none, none, available=False)
    rate = settings.tax_basis_points if product.tax_basis_points is None else product.tax_basis_points
    tax = basis_points_of(total.amount, rate, inclusive=settings.tax_inclusive)
    sku = variant.sku if variant else product.sku
    return PricedLine(
        line=line,
        sku=sku,
        name=product.name,
        unit_price=unit_price,
        total=total,
        tax=Money.of(tax, currency),
        available=product.status == "active" and product.stock_status_of(sku) != "out_of_stock",
    )


def _is_sold(product: Product, line: CartLine) -> bool:
    """Whether what the line names still exists: the variant, or a product without any."""
    if line.variant_id is None:
        return not product.variants
    return any(variant.id == line.variant_id for variant in product.variants)
