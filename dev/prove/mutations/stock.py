"""What rows 1, 2 and 3 rest on, taken away."""

from dev.prove.mutations.mutation import Edit, Mutation

_STOCK = "services/inventory/store/stock.py"
_RESERVING = "services/inventory/service/reserving.py"
_ENOUGH = '{"$gte": [{"$subtract": ["$onHand", "$reserved"]}, line.quantity]},'

MUTATIONS = [
    Mutation(
        "stock-condition",
        "the condition in the update that takes stock",
        1,
        ("inventory",),
        (Edit(_STOCK, _ENOUGH, '{"$gte": ["$onHand", 0]},'),),
    ),
    Mutation(
        "stock-looked-at-before",
        "the condition in the update, with a look at what is available before it",
        1,
        ("inventory",),
        (
            Edit(_STOCK, _ENOUGH, '{"$gte": ["$onHand", 0]},'),
            Edit(_RESERVING, "planned = reservation.planned if is_first else []", "planned = [] if is_first else []"),
        ),
    ),
    Mutation(
        "stock-lines-summed",
        "quantities of the same SKU summed before they are taken",
        2,
        ("inventory",),
        (
            Edit(
                "services/inventory/domain/allocation.py",
                "totals[line.sku] = totals.get(line.sku, 0) + line.quantity\n    return [Demand(",
                "totals[line.sku] = line.quantity\n    return [Demand(",
            ),
        ),
    ),
]
