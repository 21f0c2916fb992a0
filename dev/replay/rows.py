"""Reads UCI Online Retail invoice lines into sendable invoices, and counts by reason what cannot be sent."""

import csv
import gzip
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
STAND_IN = "walk-in"


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces of one code at one price in pence, summed over the invoice."""

    code: str
    price: int
    quantity: int


@dataclass(slots=True)
class Invoice:
    """A sale as the file has it. ``placed_at`` in UTC; lines in the order of the file."""

    number: str
    placed_at: datetime
    customer: str
    quantities: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def lines(self) -> list[Line]:
        """The lines, summed by code and price."""
        return [Line(code, price, quantity) for (code, price), quantity in self.quantities.items()]

    @property
    def total(self) -> int:
        """Pence."""
        return sum(price * quantity for (_, price), quantity in self.quantities.items())

    @property
    def units(self) -> int:
        """Pieces."""
        return sum(self.quantities.values())

    @property
    def month(self) -> str:
        """The month of the sale in London, such as 2010-12."""
        return self.placed_at.astimezone(LONDON).strftime("%Y-%m")

    def share(self, purpose: str) -> int:
        """A fixed number from 0 to 99 for this invoice and purpose."""
        return fixed_hash(f"{purpose}:{self.number}") % 100


@dataclass(slots=True)
class File:
    """What was read: sendable invoices in order, names of codes, and what was left out by reason."""

    invoices: list[Invoice]
    names: dict[str, str]
    left_out: Counter[str]


def fixed_hash(text: str) -> int:
    """A number that is the same on every machine and in every run."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def read(path: Path, limit: int | None) -> File:
    """The first ``limit`` sendable invoices; every line of the file is read and judged."""
    invoices: dict[str, Invoice] = {}
    names: dict[str, str] = {}
    left_out: Counter[str] = Counter()
    for row in _rows(path):
        reason = why_not(row)
        if reason:
            left_out[reason] += 1
            continue
        number = row["InvoiceNo"]
        if number not in invoices:
            if limit is not None and len(invoices) >= limit:
                left_out["beyond the orders asked for"] += 1
                continue
            invoices[number] = Invoice(number, _moment(row["InvoiceDate"]), _customer(row["CustomerID"]))
        code, price = row["StockCode"], int(Decimal(row["UnitPrice"]) * 100)
        quantities = invoices[number].quantities
        quantities[code, price] = quantities.get((code, price), 0) + int(row["Quantity"])
        names.setdefault(code, row["Description"].strip() or code)
    return File(list(invoices.values()), names, left_out)


def why_not(row: dict[str, str]) -> str | None:
    """Why a line cannot be sent as part of an order; None when it can."""
    price = Decimal(row["UnitPrice"])
    if row["InvoiceNo"].startswith("C"):
        return "cancellation"
    if row["InvoiceNo"].startswith("A"):
        return "bad debt"
    if price <= 0:
        return "price not above zero"
    if price * 100 != int(price * 100):
        return "fraction of a penny"
    if int(row["Quantity"]) <= 0:
        return "quantity not above zero"
    return None


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as text:
        yield from csv.DictReader(text)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def _customer(text: str) -> str:
    return text.split(".")[0] or STAND_IN
