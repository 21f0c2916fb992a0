"""What only reads: one hop through the gateway, a page of products, one product, a text search."""

from collections.abc import Callable
from urllib.parse import quote

from bench.floors import reading as floors
from bench.ground import Ground
from bench.load import Plan, request
from bench.operation import Effort, Limits, Operation, Plans

VARIETY = 400
"""Different requests a round: neither one page over and over nor never the same twice."""


def _closed(paths: Callable[[Ground], list[str]]) -> Plans:
    def plans(ground: Ground, clients: int, effort: Effort) -> list[Plan]:
        headers = {"X-Tenant-ID": ground.house.slug}
        requests = [request("GET", path, headers) for path in paths(ground)]
        port = ground.suite.home.port_base
        return [Plan(port, requests, clients, seconds=effort.seconds) for _ in range(effort.rounds)]

    return plans


def _pages(ground: Ground) -> list[str]:
    return [
        f"/api/products?limit=20&sort={sort}{stock}"
        for sort in ("name", "-name", "price", "-price", "createdAt", "-createdAt")
        for stock in ("", "&inStock=true")
    ]


def _products(ground: Ground) -> list[str]:
    step = max(len(ground.house.goods) // VARIETY, 1)
    return [f"/api/products/{good.product_id}" for good in ground.house.goods[::step]]


def _searches(ground: Ground) -> list[str]:
    words = ground.words[:: max(len(ground.words) // VARIETY, 1)]
    pairs = zip(words, words[1:] + words[:1], strict=True)
    return [f"/api/products?search={quote(f'{one} {other}')}&limit=20" for one, other in pairs]


def _hops(_ground: Ground) -> list[str]:
    return ["/.well-known/jwks.json"]


READING = (
    Operation(
        "hop", "what the gateway costs a request that auth answers (its public keys)", _closed(_hops),
        floors.forwarded, limits=Limits(cpu=0.15, p99=5), counted=frozenset({"gateway"}),
    ),
    Operation("browse", "a page of 20 products", _closed(_pages), floors.page, limits=Limits(0.5, 3, 15)),
    Operation("product", "one product", _closed(_products), floors.product, limits=Limits(0.5, 3, 15)),
    Operation("search", "a text search of two words", _closed(_searches), floors.page, limits=Limits(0.6, 3, 15)),
)  # fmt: skip
