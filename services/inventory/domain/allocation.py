"""Which warehouse gives what: pure functions over quantities in pieces."""

from collections.abc import Iterable, Mapping, Sequence

from common.aggregate import Part
from common.events.parts import OrderLine, Shortage, StockLine


class Demand(Part):
    """What an order needs of one SKU, all its lines together."""

    sku: str
    quantity: int


def summed(lines: Iterable[OrderLine]) -> list[Demand]:
    """The demand of order lines, quantities of the same SKU summed, in the order of first mention."""
    totals: dict[str, int] = {}
    for line in lines:
        totals[line.sku] = totals.get(line.sku, 0) + line.quantity
    return [Demand(sku=sku, quantity=quantity) for sku, quantity in totals.items()]


def all_from(warehouse_id: str, demand: Iterable[Demand]) -> list[StockLine]:
    """Everything from one warehouse; whether it has that much shows when it is taken."""
    return [StockLine(sku=need.sku, warehouse_id=warehouse_id, quantity=need.quantity) for need in demand]


def allocate(
    demand: Iterable[Demand], warehouse_ids: Sequence[str], available: Mapping[tuple[str, str], int]
) -> tuple[list[StockLine], list[Shortage]]:
    """Give each SKU the first warehouse, in order, that has enough of it.

    ``available`` by (warehouse id, SKU); what is absent is 0. Shortages name what no warehouse has enough of,
    with what all of them have together.
    """
    lines: list[StockLine] = []
    shortages: list[Shortage] = []
    for need in demand:
        has = {place: available.get((place, need.sku), 0) for place in warehouse_ids}
        place = next((place for place in warehouse_ids if has[place] >= need.quantity), None)
        if place is None:
            total = sum(max(quantity, 0) for quantity in has.values())
            shortages.append(Shortage(sku=need.sku, requested=need.quantity, available=total))
        else:
            lines.append(StockLine(sku=need.sku, warehouse_id=place, quantity=need.quantity))
    return lines, shortages


def missing(demand: Iterable[Demand], held: Iterable[StockLine]) -> list[Demand]:
    """What of the demand is not held."""
    skus = {line.sku for line in held}
    return [need for need in demand if need.sku not in skus]
