"""Reads everything of a company in bulk: one query a collection, all at once."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from dev.prove.checker.records import Answers, Document, Records, Unsent

DATABASES = (
    *("authdb", "companydb", "shopdb", "ecommercedb", "salesdb", "paymentdb", "inventorydb"),
    *("notificationdb", "realtimedb", "auditdb", "analyticsdb", "debtdb"),
)
PLUMBING = frozenset({"sent_events", "inbox", "idempotency_keys", "leases", "feed_positions", "audit_events", "views"})
"""Collections without aggregates, in which no outbox can be."""

PAGE = 500
AT_ONCE = 8
ANSWER_SECONDS = 30.0

FIELDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("salesdb", "orders"): (
        *("number", "channel", "status", "paymentStatus", "payment", "totals", "paid", "refunded", "email"),
        *("items.sku", "items.quantity", "items.returnedQuantity", "customerId"),
    ),
    ("paymentdb", "payments"): (
        *("orderId", "method", "provider", "status", "amount", "captureMethod", "authorized", "captured"),
        *("refunded", "refunds", "reference", "capturing", "fee"),
    ),
    ("paymentdb", "order_accounts"): ("unfinished", "active", "authorized", "captured", "refunded"),
    ("paymentdb", "ledger_entries"): ("cause", "orderId", "paymentId", "lines"),
    ("inventorydb", "stock"): ("sku", "warehouseId", "onHand", "reserved", "holds", "movements"),
    ("inventorydb", "movements"): ("stockId", "sku", "delta", "reason", "reference"),
    ("inventorydb", "reservations"): ("orderId", "state"),
    ("debtdb", "debts"): ("orderId", "principal", "paid", "status"),
    ("notificationdb", "notifications"): (
        *("eventId", "type", "channel", "status", "recipient", "recipientKey", "reference"),
    ),
    ("auditdb", "audit_events"): ("eventId", "sequence", "action"),
    ("analyticsdb", "daily_sales"): ("orders", "units", "revenue", "refunds", "currency"),
    ("analyticsdb", "daily_products"): ("sku", "units", "revenue", "currency"),
}
"""What is read of each collection."""


async def read_records(
    client: AsyncMongoClient[dict[str, Any]], database_prefix: str, journal: Path, company_id: str, sandbox_url: str
) -> Records:
    """Everything of one company; what the provider says of payments and mails is asked over HTTP."""
    databases = {name: client[f"{database_prefix}{name}"] for name in DATABASES}
    async with httpx2.AsyncClient(base_url=sandbox_url, timeout=ANSWER_SECONDS) as http:
        found, sent, unsent, charges, given_back, mails = await asyncio.gather(
            _documents(databases, company_id),
            _sent(databases, company_id),
            _unsent(databases, company_id),
            _pages(http, "/_inspect/payments", {"companyId": company_id}),
            _given_back(databases["paymentdb"], company_id),
            _mails(http, databases["companydb"], company_id),
        )
    return Records(
        company_id=company_id,
        answers=read_answers(journal, company_id),
        orders={order["_id"]: order for order in found["orders"]},
        payments=found["payments"],
        accounts=found["order_accounts"],
        ledger=found["ledger_entries"],
        stock=found["stock"],
        movements=found["movements"],
        reservations={each["orderId"]: each for each in found["reservations"]},
        debts=found["debts"],
        messages=found["notifications"],
        audit=found["audit_events"],
        sent=sent,
        unsent=unsent,
        days=found["daily_sales"],
        day_products=found["daily_products"],
        charges=charges,
        given_back=given_back,
        mails=mails,
    )


def read_answers(journal: Path, company_id: str) -> Answers:
    """What the journal tells of one company's orders. A line that a crash cut off tells nothing."""
    answers = Answers()
    for text in journal.read_text().splitlines() if journal.exists() else ():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        key = line.get("key")
        if line["kind"] == "order.sent" and line["companyId"] == company_id:
            answers.sent[key] = line
        elif line["kind"] == "order.accepted" and key in answers.sent:
            answers.accepted[key].append(line)
        elif line["kind"] == "order.refused" and key in answers.sent:
            answers.refused.add(key)
    return answers


async def _documents(
    databases: Mapping[str, AsyncDatabase[dict[str, Any]]], company_id: str
) -> dict[str, list[Document]]:
    async def read(database: str, collection: str, names: tuple[str, ...]) -> list[Document]:
        cursor = databases[database][collection].find({"companyId": company_id}, dict.fromkeys(names, 1))
        return await cursor.to_list()

    read_all = [read(database, collection, names) for (database, collection), names in FIELDS.items()]
    return dict(zip([collection for _, collection in FIELDS], await asyncio.gather(*read_all), strict=True))


async def _sent(databases: Mapping[str, AsyncDatabase[dict[str, Any]]], company_id: str) -> list[Document]:
    """The producers' own copies of what they had confirmed; without the facts themselves."""
    names = ("id", "source", "type", "subject", "sequence")
    wanted = {f"event.{name}": 1 for name in names}

    async def read(database: AsyncDatabase[dict[str, Any]]) -> list[Document]:
        return await database["sent_events"].find({"event.companyid": company_id}, wanted).to_list()

    found = await asyncio.gather(*(read(database) for database in databases.values()))
    return [each["event"] for part in found for each in part]


async def _unsent(databases: Mapping[str, AsyncDatabase[dict[str, Any]]], company_id: str) -> list[Unsent]:
    criteria = {"companyId": company_id, "outbox.0": {"$exists": True}}
    turns = asyncio.Semaphore(AT_ONCE)

    async def read(name: str, collection: str) -> list[Unsent]:
        async with turns:
            documents = await databases[name][collection].find(criteria, {"outbox": 1}).to_list()
        return [Unsent(name, collection, str(each["_id"]), event) for each in documents for event in each["outbox"]]

    names = await asyncio.gather(*(database.list_collection_names() for database in databases.values()))
    places = [
        (name, collection)
        for name, collections in zip(databases, names, strict=True)
        for collection in collections
        if collection not in PLUMBING and not collection.startswith("system.")
    ]
    return [each for part in await asyncio.gather(*(read(*place) for place in places)) for each in part]


async def _given_back(database: AsyncDatabase[dict[str, Any]], company_id: str) -> list[Document]:
    """Of every restoration: what payment says it gave back at a provider."""
    found = await database["restorations"].find({"givenBack.companyId": company_id}, {"givenBack": 1}).to_list()
    return [each for one in found for each in one["givenBack"] if each["companyId"] == company_id]


async def _mails(http: httpx2.AsyncClient, companies: AsyncDatabase[dict[str, Any]], company_id: str) -> list[Document]:
    """The mails to the company's people, whose addresses are all in one domain of its own."""
    company = await companies["companies"].find_one({"_id": company_id}, {"slug": 1})
    return await _pages(http, "/_inspect/mails", {"domain": f"{company['slug']}.example"}) if company else []


async def _pages(http: httpx2.AsyncClient, path: str, query: dict[str, str]) -> list[Document]:
    found: list[Document] = []
    while True:
        answer = await http.get(path, params={**query, "limit": PAGE, "offset": len(found)})
        answer.raise_for_status()
        items = answer.json()["items"]
        found += items
        if len(items) < PAGE:
            return found
