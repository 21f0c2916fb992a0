"""What a restored suite still knows of what its customers were answered."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from dev.prove.suite import ProvedSuite
from dev.prove.trade import House, Journal


@dataclass(slots=True)
class Loss:
    """``gone``: the moments (seconds since the epoch) at which orders were accepted that nobody knows any more."""

    accepted: int = 0
    gone: list[float] = field(default_factory=list)


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
