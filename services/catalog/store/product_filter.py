"""A product filter as MongoDB reads it."""

from typing import Any

from services.catalog.domain.filter import ProductFilter


def criteria_of(narrowed: ProductFilter) -> dict[str, Any]:
    """The criteria, without the company: that the store adds."""
    every = [*_plain(narrowed), *({"facets": {"$in": list(wanted)}} for _, wanted in narrowed.facets)]
    if narrowed.within is not None:
        every.append(criteria_of(narrowed.within))
    every = [criteria for criteria in every if criteria]
    if len(every) <= 1:
        return every[0] if every else {}
    return {"$and": every}


def _plain(narrowed: ProductFilter) -> list[dict[str, Any]]:
    listed = {"status": narrowed.statuses or None, "_id": narrowed.ids, "categoryId": narrowed.category_ids}
    single = {"inStock": narrowed.in_stock, "stockState": narrowed.stock_status, "seo.slug": narrowed.slug}
    bounds = {"$gte": narrowed.min_price, "$lte": narrowed.max_price}
    price = {operator: bound for operator, bound in bounds.items() if bound is not None}
    return [
        *({name: {"$in": list(values)}} for name, values in listed.items() if values is not None),
        *({name: value} for name, value in single.items() if value is not None),
        *([{"price.amount": price}] if price else []),
    ]
