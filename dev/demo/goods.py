"""Generated goods: products with categories and variants, the same for the same seed."""

import random
from dataclasses import dataclass, field
from typing import Any

MATERIALS = ("Oak", "Linen", "Steel", "Clay", "Wool", "Cork", "Glass", "Bamboo", "Copper", "Felt")
THINGS = {
    "Kitchen": ("Bowl", "Kettle", "Ladle", "Board", "Jar", "Mug", "Plate", "Whisk"),
    "Living": ("Lamp", "Cushion", "Throw", "Vase", "Frame", "Clock", "Basket", "Candle"),
    "Garden": ("Planter", "Trowel", "Lantern", "Hose", "Bench", "Trellis", "Gloves", "Feeder"),
    "Wear": ("Scarf", "Apron", "Cap", "Socks", "Jumper", "Belt", "Coat", "Slippers"),
    "Office": ("Notebook", "Tray", "Stand", "Organiser", "Pen", "Stool", "Shelf", "Ruler"),
}
ADJECTIVES = ("Quiet", "Bright", "Plain", "Tall", "Round", "Soft", "Folded", "Little", "Northern", "Early")
SIZES = ("S", "M", "L")
COLOURS = ("red", "green", "blue", "sand", "slate")
VARIANT_SHARE = 10
"""Per cent of the products that come in sizes."""


@dataclass(slots=True)
class Good:
    """Something that can be sold: one SKU with its price in minor units and what was put on the shelf."""

    sku: str
    price: int
    opening: int
    product_id: str = ""
    variant_id: str | None = None


@dataclass(slots=True)
class Assortment:
    """The bodies of the products to create, and the goods that they make available."""

    products: list[dict[str, Any]] = field(default_factory=list)
    goods: list[Good] = field(default_factory=list)
    scarce: Good | None = None


def make_assortment(rng: random.Random, count: int, currency: str, categories: dict[str, str]) -> Assortment:
    """``count`` products; the last is the one that runs out. ``categories``: ids by name."""
    made = Assortment()
    for number in range(count - 1):
        category = rng.choice(sorted(THINGS))
        name = f"{rng.choice(ADJECTIVES)} {rng.choice(MATERIALS)} {rng.choice(THINGS[category])}"
        price = rng.randrange(199, 19_900, 10)
        body = _body(f"G{number:05d}", name, price, currency, categories[category], rng.choice(COLOURS))
        made.products.append(body)
        if rng.randrange(100) < VARIANT_SHARE:
            made.goods += _with_sizes(body, price, currency, rng)
        else:
            made.goods.append(Good(body["sku"], price, rng.randrange(200, 600)))
    made.scarce = Good("LAST-FEW", 2500, 12)
    made.products.append(_body("LAST-FEW", "The Last Few Lamps", 2500, currency, categories["Living"], "sand"))
    return made


def _body(sku: str, name: str, price: int, currency: str, category_id: str, colour: str) -> dict[str, Any]:
    return {
        "sku": sku,
        "name": name,
        "description": f"{name}, made to last and easy to mend.",
        "price": {"amount": price, "currency": currency},
        "categoryId": category_id,
        "attributes": {"color": colour},
    }


def _with_sizes(body: dict[str, Any], price: int, currency: str, rng: random.Random) -> list[Good]:
    goods = [
        Good(f"{body['sku']}-{size}", price + 100 * step, rng.randrange(100, 300)) for step, size in enumerate(SIZES)
    ]
    body["options"] = [{"name": "Size", "values": list(SIZES)}]
    body["variants"] = [
        {"sku": good.sku, "options": {"Size": size}, "price": {"amount": good.price, "currency": currency}}
        for good, size in zip(goods, SIZES, strict=True)
    ]
    return goods
