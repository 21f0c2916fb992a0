"""Floors of what shops and their staff do beside selling: the hash, the signature, the documents, and nothing else."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from passlib.hash import argon2
from pydantic_core import to_json
from pymongo import AsyncMongoClient

from bench.floors import reading
from bench.floors.apart import cost
from bench.floors.selling import SALE_EVENTS, SALE_WRITES
from bench.ground import Ground
from services.auth.service.hashing import MEMORY_KIB, PARALLELISM, ROUNDS

SIGN_INS = 60
RENEWALS = 1_000
DASHBOARDS = 1_000
DAYS = 30
BATCH = 50


async def batch(ground: Ground) -> float:
    """Fifty sales whose documents are written in bulk, and their events, behind a forwarded request."""
    told = {"address": ground.suite.mongo_url, "broker": ground.suite.amqp}
    spent = await cost(
        ground, "bench.floors.selling:settle", writes=SALE_WRITES, events=SALE_EVENTS, at_once=BATCH, **told
    )
    return spent + await reading.forwarded(ground)


async def adjustment(ground: Ground) -> float:
    """Stock changed under a condition, its ledger row, and one event, behind a forwarded request."""
    told = {"address": ground.suite.mongo_url, "broker": ground.suite.amqp}
    return await cost(ground, "bench.floors.selling:settle", writes=3, events=1, **told) + await reading.forwarded(
        ground
    )


async def dashboard(ground: Ground) -> float:
    """A month of days read by index and written as JSON, behind a forwarded request."""
    return await _apart(ground, "read_days") + await reading.forwarded(ground)


async def sign_in(ground: Ground) -> float:
    """A password compared, its account read, a session stored, a token signed, behind a forwarded request."""
    return await _apart(ground, "sign_in_often") + await reading.forwarded(ground)


async def renewal(ground: Ground) -> float:
    """A session changed under a condition and a token signed, behind a forwarded request."""
    return await _apart(ground, "renew_often") + await reading.forwarded(ground)


async def _apart(ground: Ground, work: str) -> float:
    return await cost(ground, f"bench.floors.keeping:{work}", address=ground.suite.mongo_url)


async def read_days(address: str) -> int:
    """Reads the same month of one company again and again, among the days of others."""
    async with AsyncMongoClient[dict[str, Any]](address) as client:
        database = client[f"floor_{secrets.token_hex(4)}"]
        days = database["days"]
        first = datetime(2026, 1, 1, tzinfo=UTC)
        figures = {f"figure{number}": number * 100 for number in range(12)}
        await days.insert_many(
            [
                {"companyId": company, "day": first + timedelta(days=day), **figures}
                for company in range(20)
                for day in range(DAYS)
            ]
        )
        await days.create_index([("companyId", 1), ("day", 1)])
        for number in range(DASHBOARDS):
            found = await days.find({"companyId": number % 20}).sort("day", 1).limit(DAYS).to_list()
            to_json(found, fallback=str)
        await client.drop_database(database)
    return DASHBOARDS


async def sign_in_often(address: str) -> int:
    """One after another: a hash takes a core of its own anyway."""
    hasher = argon2.using(type="ID", memory_cost=MEMORY_KIB, time_cost=ROUNDS, parallelism=PARALLELISM)
    key, encoded = Ed25519PrivateKey.generate(), str(hasher.hash("a password"))
    async with AsyncMongoClient[dict[str, Any]](address, w="majority") as client:
        database = client[f"floor_{secrets.token_hex(4)}"]
        await database["accounts"].insert_one({"_id": "one", "passwordHash": encoded})
        for number in range(SIGN_INS):
            account = await database["accounts"].find_one({"_id": "one"})
            assert account is not None and hasher.verify("a password", account["passwordHash"])
            await database["sessions"].insert_one({"_id": number, "user": "one", "version": 0})
            _signed(key)
        await client.drop_database(database)
    return SIGN_INS


async def renew_often(address: str) -> int:
    """One session, renewed again and again."""
    key = Ed25519PrivateKey.generate()
    async with AsyncMongoClient[dict[str, Any]](address, w="majority") as client:
        database = client[f"floor_{secrets.token_hex(4)}"]
        await database["sessions"].insert_one({"_id": "one", "user": "one", "version": 0})
        for number in range(RENEWALS):
            criteria = {"_id": "one", "version": number}
            await database["sessions"].find_one_and_update(criteria, {"$inc": {"version": 1}})
            _signed(key)
        await client.drop_database(database)
    return RENEWALS


def _signed(key: Ed25519PrivateKey) -> str:
    return jwt.encode({"sub": "one", "iat": 0, "exp": 1, "sid": secrets.token_hex(8)}, key, "EdDSA")
