"""Random sums, reckoned by the suite and again by exact fractions; runs in processes of its own."""

import random
from collections import Counter
from fractions import Fraction

from common.money import Money, allocate, basis_points_of
from services.sales.domain.lines import Sellable, Tariff, Wanted, price

CURRENCIES = ("JPY", "ISK", "UGX", "KWD", "EUR", "USD", "CHF", "INR")
LARGEST = 10**12
RATES = (0, 1, 250, 500, 550, 700, 810, 1000, 1900, 2000, 2500, 9999, 10_000)
SHOWN = 3


def reckon(seed: str, cases: int) -> tuple[Counter[str], list[str]]:
    """How many cases of each kind there were, and what was wrong with the first few that were wrong."""
    rng = random.Random(seed)
    kinds = (_split, _split, _split, _tax, _tax, _order)
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for _ in range(cases):
        kind = rng.choice(kinds)
        counts[kind.__name__.strip("_")] += 1
        fault = kind(rng)
        if fault and len(wrong) < SHOWN:
            wrong.append(fault)
        counts["wrong"] += bool(fault)
    return counts, wrong


def _amount(rng: random.Random) -> int:
    """Small ones as often as large ones."""
    return rng.randrange(10 ** rng.randint(1, 12))


def _split(rng: random.Random) -> str | None:
    """Parts sum to the whole, and none is a minor unit or more away from its exact share."""
    amount = _amount(rng) * rng.choice((1, 1, 1, -1))
    weights = [_amount(rng) if rng.random() > 0.2 else 0 for _ in range(rng.randint(1, 12))]
    weights[rng.randrange(len(weights))] += 1
    parts, total = allocate(amount, weights), sum(weights)
    exact = [Fraction(amount * weight, total) for weight in weights]
    near = all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))
    nothing = all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)
    if sum(parts) == amount and near and nothing and all(type(part) is int for part in parts):
        return None
    return f"{amount} over {weights}: {parts}"


def _tax(rng: random.Random) -> str | None:
    """Tax is a whole number, at most half a minor unit away from the exact one."""
    amount, rate, inclusive = _amount(rng), rng.choice(RATES), rng.random() < 0.5
    tax = basis_points_of(amount, rate, inclusive=inclusive)
    exact = Fraction(amount * rate, 10_000 + rate if inclusive else 10_000)
    if type(tax) is int and abs(tax - exact) <= Fraction(1, 2) and 0 <= tax <= max(amount, tax - (not inclusive)):
        return None
    return f"{rate} basis points {'in' if inclusive else 'on'} {amount}: {tax}"


def _order(rng: random.Random) -> str | None:
    """An order of many lines with discounts on lines and on the whole: every sum comes out."""
    currency = rng.choice(CURRENCIES)
    tariff = Tariff(currency, rng.random() < 0.5, rng.choice(RATES))
    products, wanted, gross = {}, [], 0
    for number in range(rng.randint(1, 9)):
        cost, quantity = rng.randrange(10 ** rng.randint(1, 8)), rng.randint(1, 20)
        own_rate = rng.choice((None, *RATES))
        each = Money.of(cost, currency)
        products[str(number)] = Sellable(str(number), str(number), "x", "active", each, own_rate, ())
        off = rng.randint(0, cost * quantity) if rng.random() < 0.4 else None
        wanted.append(Wanted(str(number), None, quantity, discount=None if off is None else Money.of(off, currency)))
        gross += cost * quantity
    open_amount = gross - sum(each.discount.amount for each in wanted if each.discount)
    off = rng.randint(0, open_amount) if rng.random() < 0.6 else 0
    made = price("ord_x", wanted, products, tariff, discount=Money.of(off, currency))
    lines, totals = made.lines, made.totals
    paid = sum(line.total.amount for line in lines) + (0 if tariff.tax_inclusive else totals.tax.amount)
    holds = (
        totals.subtotal.amount == gross
        and totals.discount.amount == gross - open_amount + off == sum(line.discount.amount for line in lines)
        and totals.tax.amount == sum(line.tax.amount for line in lines)
        and totals.grand_total.amount == paid
        and all(line.total.amount == line.unit_price.amount * line.quantity - line.discount.amount for line in lines)
        and all(line.total.amount >= 0 and type(line.tax.amount) is int for line in lines)
    )
    return None if holds else f"{currency}, gross {gross}, off {off}: {totals}"
