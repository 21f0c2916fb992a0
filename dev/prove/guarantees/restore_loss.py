"""What a restored suite still knows of what its customers were answered."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from dev.prove.suite import ProvedSuite
from dev.prove.trade import House, Journal, Market


@dataclass(slots=True)
class Loss:
    """``gone``: the moments (seconds since the epoch) at which orders were accepted that nobody knows any more."""

    accepted: int = 0
    gone: list[float] = field(default_factory=list)


async def charged_at_provider(suite: ProvedSuite, market: Market, *, since: float, orders: int) -> None:
    """Returns once the provider took money for so many orders accepted after ``since`` (seconds since the epoch)."""
    query: dict[str, str | int] = {"companyId": market.house.company_id, "limit": 500}
    async with httpx2.AsyncClient(base_url=suite.sandbox) as http:
        while True:
            later = {each["orderId"] for each in market.journal.entries("order.accepted") if each["at"] >= since}
            newest = (await http.get("/_inspect/payments", params=query)).raise_for_status().json()["items"]
            charged = [each for each in newest if each["metadata"].get("orderId") in later]
            if sum(each["status"] == "succeeded" for each in charged) >= orders:
                return
            await asyncio.sleep(0.2)


async def kept_journal(journal: Journal, restored: ProvedSuite, house: House, path: Path, lost_at: float) -> Loss:
    """Writes what of the journal the restored suite must answer for: the orders that are in it.

    What was under way when the snapshot was taken may be in it without ever having been answered.
    """
    orders = restored.database("sales")["orders"]
    entries = [json.loads(line) for line in journal.path.read_text().splitlines()]
    accepted = {each["key"]: each for each in entries if each["kind"] == "order.accepted"}
    # By id: a scan beside writers may miss a document whose place in another index moves meanwhile.
    asked = {"_id": {"$in": [each["orderId"] for each in accepted.values()]}, "companyId": house.company_id}
    known = {each["_id"] async for each in orders.find(asked, {"_id": 1}).hint("_id_")}
    kept_keys = {key for key, each in accepted.items() if each["orderId"] in known}
    gone = [each["at"] for each in accepted.values() if each["orderId"] not in known and each["at"] <= lost_at]
    unanswered = {each["key"] for each in entries} - set(accepted)
    with path.open("w") as file:
        for each in entries:
            if each["key"] in kept_keys | unanswered:
                file.write(json.dumps(each) + "\n")
    return Loss(len(accepted), sorted(gone))
