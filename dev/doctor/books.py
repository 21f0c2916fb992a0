"""What must hold in the data at every moment: outboxes, deadlines, leases, ledger, stock, audit chains."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic_core import from_json
from pymongo import MongoClient

from common.suite import SERVICES
from dev.doctor.finding import Finding, notice, ok, wrong
from dev.home import Home
from dev.provision.environments import audit_checkpoints, database_prefix
from dev.secret_store import SecretStore, public_key
from services.audit.domain import GENESIS, ChainCheck, ChainHead, Mark, TrustedKeys, Verdict
from services.audit.store import AuditLog, CheckpointFiles, read_part

AREA = "data"
UNSENT_SECONDS = 30
OVERDUE = timedelta(seconds=30)
HOLDERLESS = timedelta(seconds=60)
CHAIN_EVENTS = 5000
"""How far back each chain is walked; the whole of it is `GET /api/audit/verify`."""

Client = MongoClient[dict[str, Any]]


def look(home: Home, client: Client, *, is_up: bool) -> Iterator[Finding]:
    """Every invariant that can be asked of the databases alone. Raises pymongo.errors.PyMongoError."""
    now = datetime.now(UTC)
    yield from _outboxes(client, now)
    yield from _overdue(client, now, is_up=is_up)
    if is_up:
        yield from _leases(client, now)
    yield _ledger(client)
    yield _stock(client)
    yield from _chains(home, client)


def _database(client: Client, service: str) -> Any:
    return client[f"{database_prefix()}{SERVICES[service].database}"]


def _outboxes(client: Client, now: datetime) -> Iterator[Finding]:
    late = 0
    for name, spec in SERVICES.items():
        if not spec.database:
            continue
        database = _database(client, name)
        for collection in database.list_collection_names():
            criteria = {"pendingAt": {"$lt": now - timedelta(seconds=UNSENT_SECONDS)}}
            oldest = database[collection].find_one(criteria, {"pendingAt": 1}, sort=[("pendingAt", 1)])
            if oldest is not None:
                late += 1
                age = (now - oldest["pendingAt"].replace(tzinfo=UTC)).total_seconds()
                count = database[collection].count_documents(criteria, limit=10_000)
                said = f"{name} has not sent the events of {count} {collection}, the oldest for {age:.0f} s"
                yield wrong(AREA, said, f"./markethall status; ./markethall logs {name}")
    if not late:
        yield ok(AREA, f"no event waits longer than {UNSENT_SECONDS} s to be sent")


def _overdue(client: Client, now: datetime, *, is_up: bool) -> Iterator[Finding]:
    criteria = {"dueAt": {"$lte": now - OVERDUE}}
    count = _database(client, "sales")["orders"].count_documents(criteria, limit=10_000)
    if count and is_up:
        first = _database(client, "sales")["orders"].find_one(criteria, {"number": 1}, sort=[("dueAt", 1)])
        number = first["number"] if first else ""
        yield wrong(AREA, f"{count} orders wait past their deadline, first {number}", f"./markethall explain {number}")
    elif count:
        yield notice(AREA, f"{count} orders are past their deadline", "./markethall up: sales ends them")
    else:
        yield ok(AREA, "no order waits past its deadline")


def _leases(client: Client, now: datetime) -> Iterator[Finding]:
    """Watchers of the feed hold theirs without a pause; others take one only while they work."""
    left = []
    for name, spec in SERVICES.items():
        if spec.database:
            held = _database(client, name)["leases"].find({"_id": {"$regex": "^feed:"}})
            left += [each["_id"] for each in held if each["until"].replace(tzinfo=UTC) < now - HOLDERLESS]
    for lease in left:
        service = lease.partition(":")[2]
        yield wrong(AREA, f"nobody holds the lease {lease}: the feed is not read", f"./markethall restart {service}")
    if not left:
        yield ok(AREA, "every lease that must be held is")


def _ledger(client: Client) -> Finding:
    sums = _database(client, "payment")["ledger_entries"].aggregate(
        [
            {"$unwind": "$lines"},
            {"$group": {
                "_id": {"company": "$companyId", "currency": "$lines.currency"}, "sum": {"$sum": "$lines.amount"},
            }},
            {"$match": {"sum": {"$ne": 0}}},
        ],
        allowDiskUse=True,
    )  # fmt: skip
    uneven = [f"{each['_id']['currency']} {each['sum']:+} of {each['_id']['company']}" for each in sums]
    if uneven:
        return wrong(
            AREA, f"the ledger does not sum to zero: {', '.join(uneven[:5])}", "keep a backup; ask who wrote it"
        )
    return ok(AREA, "the ledger sums to zero in every currency of every company")


def _stock(client: Client) -> Finding:
    held = {"$sum": "$holds.quantity"}
    faulty = _database(client, "inventory")["stock"].find(
        {"$or": [{"$expr": {"$ne": ["$reserved", held]}}, {"reserved": {"$lt": 0}}]}, {"sku": 1}
    )
    skus = [each["sku"] for each in faulty.limit(100)]
    if skus:
        shown = ", ".join(skus[:5])
        return wrong(AREA, f"{len(skus)} goods have another sum of holds than reserved: {shown}", "ask who wrote it")
    return ok(AREA, "what is reserved is what orders hold, everywhere")


def _chains(home: Home, client: Client) -> Iterator[Finding]:
    seed = SecretStore(home.secrets).find("signing.audit")
    trusted = TrustedKeys([public_key(seed)] if seed else [])
    folder = Path(audit_checkpoints(home))
    database, checked = _database(client, "audit"), 0
    for told in database[AuditLog.CHAINS].find({}, {"companyId": 1}):
        # Checkpoints first: a chain that ends before one of them has been cut.
        marks = list(trusted.marks(CheckpointFiles(folder).opened(told["companyId"]), told["companyId"]))
        verdict = _walked(database, told, marks)
        checked += 1
        if not verdict.ok:
            who = told["companyId"] or "the platform"
            said = f"the audit chain of {who} does not hold at event {verdict.first_broken_sequence} ({verdict.reason})"
            yield wrong(AREA, said, "export it and compare with a backup: ./markethall audit verify FILE")
    yield ok(AREA, f"{checked} audit chains were walked, the newest {CHAIN_EVENTS} events of each")


def _walked(database: Any, told: dict[str, Any], marks: list[Mark]) -> Verdict:
    """The end of one chain, with the checkpoints that stand outside the database."""
    events, head = database[AuditLog.EVENTS], database[AuditLog.CHAINS].find_one({"_id": told["_id"]})
    company, count = told["companyId"], int(head["count"])
    after = max(count - CHAIN_EVENTS, 0)
    before = events.find_one({"companyId": company, "sequence": after}, {"hash": 1}) if after else None
    later = [mark for mark in marks if mark.sequence > after or not mark.is_genuine]
    check = ChainCheck(iter(later), ChainHead(company, after, before["hash"] if before else GENESIS))
    criteria = {"companyId": company, "sequence": {"$gt": after, "$lte": count}}
    for part in events.find_raw_batches(criteria, batch_size=500).sort("sequence", 1):
        if not check.take(read_part(part)):
            break
    return check.verdict(ChainHead(company, count, head["hash"]))


def backups(home: Home) -> Finding:
    """When the last backup of this home was taken."""
    told = home.remembered().get("last_backup")
    if not told:
        return notice(AREA, "no backup of this home was ever taken", "./markethall backup --every 60s DIR")
    last: dict[str, str] = from_json(told)
    age = datetime.now(UTC) - datetime.fromisoformat(last["at"])
    hours = age.total_seconds() / 3600
    said = f"the last backup is {hours:.1f} hours old: {last['path']}"
    if not Path(last["path"]).exists():
        return notice(AREA, f"the last backup is no longer where it was written: {last['path']}", "./markethall backup")
    if age > timedelta(days=1):
        return notice(AREA, said, "./markethall backup --every 60s DIR")
    return ok(AREA, said)
