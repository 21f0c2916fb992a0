"""What the operations are measured on: a company with real products, buyers, and a till."""

import gzip
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from dev.home import REPOSITORY, OperatorError
from dev.prove.suite import ProvedSuite
from dev.prove.trade.house import PASSWORD, Good, House, found, put_in_stock, register
from dev.trading import Api

CHORUS = REPOSITORY.parent / "shared" / "data" / "icecat_chorus" / "products.jsonl.gz"
BATCH = 200
STOCK = 1_000_000
BUYERS = 8
SMALL, LARGE = 1_200, 19_406


@dataclass(slots=True)
class Ground:
    """One company, its goods, and who calls. ``words``: from products' names; ``refused``: rows it did not take."""

    suite: ProvedSuite
    house: House
    words: list[str] = field(default_factory=list)
    till: Api | None = None
    refused: list[str] = field(default_factory=list)

    def headers(self, caller: Api, **more: str) -> dict[str, str]:
        """The headers of a prepared request in this caller's name."""
        return {**caller.identity(), **more}


async def lay(suite: ProvedSuite, products: int) -> Ground:
    """A company of ``products`` real products with plenty of stock. Raises OperatorError without the data."""
    house = await found(suite, "bench", goods=0)
    ground = Ground(suite, house)
    for batch in _batches(rows(products)):
        await create(ground, batch)
    await put_in_stock(house, house.goods, STOCK)
    house.customers = [await register(suite, house, number) for number in range(BUYERS)]
    ground.till = await _hire(suite, house)
    return ground


def rows(count: int) -> Iterator[dict[str, Any]]:
    """The first products of the public data, as the API takes them."""
    if not CHORUS.exists():
        raise OperatorError(f"The benchmark sells the public products of {CHORUS}, which are not there.")
    with gzip.open(CHORUS, "rt", encoding="utf-8") as lines:
        for line in islice(lines, count):
            yield as_product(json.loads(line))


def as_product(row: dict[str, Any]) -> dict[str, Any]:
    """One row of the data as a merchant would enter it."""
    attributes = {
        name[7:].replace("_", " ")[:100]: value[:500] if isinstance(value, str) else value
        for name, value in islice(((n, v) for n, v in row.items() if n.startswith("attr_")), 40)
    }
    return {
        "sku": f"{row['id']}",
        "name": row["title"][:500],
        "description": row.get("short_description") or None,
        "price": {"amount": max(int(row.get("price") or 0), 100), "currency": "EUR"},
        "attributes": attributes,
    }


async def create(ground: Ground, batch: list[dict[str, Any]]) -> None:
    """Puts products on sale; those that are refused are noted."""
    answer = await ground.house.admin.post("/api/products/batch", {"products": batch})
    for sent, result in zip(batch, answer["results"], strict=True):
        if not result.get("result"):
            ground.refused.append(f"{sent['sku']}: {result}")
            continue
        ground.house.goods.append(Good(result["result"]["id"], sent["sku"], sent["price"]["amount"]))
        ground.words += [word for word in sent["name"].split()[:3] if word.isalpha() and len(word) > 3]


async def _hire(suite: ProvedSuite, house: House) -> Api:
    """A member of staff who works the till."""
    email = f"till@{secrets.token_hex(4)}.example"
    person = {"email": email, "password": PASSWORD, "name": "Till", "role": "shop_staff"}
    await house.admin.post(f"/api/shops/{house.shop_id}/staff", person)
    till = Api(suite.gateway)
    await till.sign_in(email, PASSWORD)
    return till


def _batches(found: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(found, BATCH)):
        yield batch
