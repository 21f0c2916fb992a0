"""What is walked: the routes of all services, the other addresses of the gateway, and those between services."""

import random
from dataclasses import dataclass, field
from typing import Self

from dev.routes import listing
from dev.walk.aliasing import alias_rows, unbuilt_rows
from dev.walk.internals import InternalRoute
from dev.walk.rows import Row
from dev.walk.table import ROWS

INTERNAL = "/internal/"


@dataclass(frozen=True, slots=True)
class Plan:
    """``routes`` are public; ``rows`` the table; ``others`` rows of addresses that are no routes."""

    routes: set[str]
    rows: list[Row]
    others: list[Row] = field(default_factory=list)
    internals: list[InternalRoute] = field(default_factory=list)

    @classmethod
    def whole(cls) -> Self:
        """Everything, from the route tables of the services and the alias table of the gateway."""
        listed = [route for route in listing()["routes"] if route["method"] not in ("HEAD", "WS")]
        return cls(
            routes={f"{route['method']} {route['path']}" for route in listed if route["public"]},
            rows=ROWS,
            others=[*alias_rows(ROWS), *unbuilt_rows()],
            internals=[
                InternalRoute(route["method"], route["path"], route["service"])
                for route in listed
                if route["path"].startswith(INTERNAL)
            ],
        )

    def narrowed(self, text: str) -> "Plan":
        """Only addresses that contain a text; rows without a route are not missed."""
        return Plan(
            routes={route for route in self.routes if text in route},
            rows=[row for row in self.rows if text in row.route],
            others=[row for row in self.others if text in row.route],
            internals=[route for route in self.internals if text in route.path],
        )

    def sampled(self, rng: random.Random, rows: int) -> "Plan":
        """A part of it: ``rows`` routes, a third as many other addresses, and as many between services."""
        by_route = {row.route: row for row in self.rows}
        routes = rng.sample(sorted(self.routes & by_route.keys()), rows)
        return Plan(
            routes=set(routes),
            rows=[by_route[route] for route in routes],
            others=rng.sample(self.others, rows // 3),
            internals=rng.sample(self.internals, rows // 3),
        )
