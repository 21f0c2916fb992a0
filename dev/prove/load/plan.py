"""What is offered: calls, and flows of them. Goes to the generator as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

UNIQUE = "@@UNIQUE@@"
"""Stands for 16 hexadecimal digits that no other call of the run has; in a header or a body."""

PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Call:
    """One kind of call; ``weight`` is its share of the flow, ``headers`` what is sent beside Host."""

    name: str
    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    weight: float = 1.0

    def wire(self, host: str) -> str:
        """The request as it is sent."""
        head = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}"]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            length = len(self.body.replace(UNIQUE, "0" * 16).encode())
            head += ["Content-Type: application/json", f"Content-Length: {length}"]
        return "\r\n".join(head) + "\r\n\r\n" + self.body


@dataclass(frozen=True, slots=True)
class Flow:
    """Calls of one kind of customer.

    Either ``clients`` that wait for their answers, or ``rate`` calls a second at random moments (a Poisson process)
    over at most ``connections``. ``addresses``: where the connections come from, in turn. An answer later than
    ``patience_seconds`` after the call was due is no good answer.
    """

    name: str
    calls: tuple[Call, ...]
    clients: int = 0
    rate: float = 0.0
    connections: int = 256
    addresses: tuple[str, ...] = ("127.0.0.1",)
    patience_seconds: float = PATIENCE_SECONDS

    def document(self, host: str) -> dict[str, Any]:
        """The flow for the generator."""
        told = asdict(self)
        told["calls"] = [{"name": call.name, "weight": call.weight, "wire": call.wire(host)} for call in self.calls]
        return told


def plan(flows: list[Flow], *, host: str, port: int, seconds: float, warm_seconds: float, seed: str) -> str:
    """What the generator reads."""
    told = [flow.document(f"{host}:{port}") for flow in flows]
    return json.dumps(
        {"host": host, "port": port, "seconds": seconds, "warm_seconds": warm_seconds, "seed": seed, "flows": told}
    )
