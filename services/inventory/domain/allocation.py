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
    """Give each SKU the first warehouse, in order, that has enough of it; if none has, as few as can.

    ``available`` by (warehouse id, SKU); what is absent is 0. Shortages name what all warehouses together have
    too little of, with what they have.
    """
    lines: list[StockLine] = []
    shortages: list[Shortage] = []
    for need in demand:
        has = {place: max(available.get((place, need.sku), 0), 0) for place in warehouse_ids}
        total = sum(has.values())
        if total < need.quantity:
            shortages.append(Shortage(sku=need.sku, requested=need.quantity, available=total))
        else:
            lines += _parts(need, has)
    return lines, shortages


def _parts(need: Demand, has: Mapping[str, int]) -> list[StockLine]:
    """Where one SKU comes from. ``has`` in the order of asking, enough in sum; the fullest give most: no fewer do."""
    whole = next((place for place, quantity in has.items() if quantity >= need.quantity), None)
    if whole is not None:
        return [StockLine(sku=need.sku, warehouse_id=whole, quantity=need.quantity)]
    lines: list[StockLine] = []
    left = need.quantity
    for place in sorted(has, key=lambda place: -has[place]):
        part = min(has[place], left)
        if part == 0:
            break
        lines.append(StockLine(sku=need.sku, warehouse_id=place, quantity=part))
        left -= part
    return lines


def missing(demand: Iterable[Demand], held: Iterable[StockLine]) -> list[Demand]:
    """What of the demand is not held in full. A SKU of which only parts are held is wanted as a whole."""
    totals: dict[str, int] = {}
    for line in held:
        totals[line.sku] = totals.get(line.sku, 0) + line.quantity
    return [need for need in demand if totals.get(need.sku, 0) != need.quantity]
