"""Floors of reading: the forwarded request, and the documents read and written as JSON."""

import asyncio
import socket
from typing import Any

import aiohttp
import uvicorn
from pydantic_core import to_json
from pymongo import AsyncMongoClient

from bench.floors.apart import cost
from bench.ground import Ground
from bench.load import Plan, drive, request

TIMES = 2_000
PAGE = 20
AT_ONCE = 8
ANSWER = to_json({"answer": "x" * 200})


async def forwarded(ground: Ground) -> float:
    """One request through a bare ASGI application that passes it on to another."""
    return await cost(ground, "bench.floors.reading:forward")


async def page(ground: Ground) -> float:
    """A page's documents read by index and written as JSON, behind a forwarded request."""
    return await _read(ground, PAGE) + await forwarded(ground)


async def product(ground: Ground) -> float:
    """One document read by its id and written as JSON, behind a forwarded request."""
    return await _read(ground, 1) + await forwarded(ground)


async def _read(ground: Ground, limit: int) -> float:
    database = ground.suite.database("catalog").name
    told = {"address": ground.suite.mongo_url, "database": database, "company_id": ground.house.company_id}
    return await cost(ground, "bench.floors.reading:read", limit=limit, **told)


async def read(address: str, database: str, company_id: str, limit: int) -> int:
    """Reads pages (or single documents by id) of one company's products."""
    async with AsyncMongoClient[dict[str, Any]](address) as client:
        products = client[database]["products"]
        first = await products.find({"companyId": company_id}, {"_id": 1}).sort("_id", 1).limit(400).to_list()
        ids = [document["_id"] for document in first]

        async def reader(number: int) -> None:
            for step in range(number, TIMES, AT_ONCE):
                at = ids[step % len(ids)]
                if limit == 1:
                    to_json(await products.find_one({"_id": at, "companyId": company_id}), fallback=str)
                else:
                    found = products.find({"companyId": company_id, "_id": {"$gte": at}}).sort("_id", 1).limit(limit)
                    to_json(await found.to_list(), fallback=str)

        await asyncio.gather(*(reader(number) for number in range(AT_ONCE)))
    return TIMES


async def forward() -> int:
    """Answers requests in this process by asking another application in it over its own connection."""
    async with _Served(_answer) as behind, aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{behind}/"

        async def pass_on(scope: dict[str, Any], receive: Any, send: Any) -> None:
            async with session.get(address) as answer:
                body = await answer.read()
            await _respond(send, body)

        async with _Served(pass_on) as front:
            plan = Plan(front, [request("GET", "/", {})] * TIMES, AT_ONCE)
            return (await drive(plan)).done


async def _answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await _respond(send, ANSWER)


async def _respond(send: Any, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Served:
    """Serves an ASGI application on a free port while the block runs."""

    def __init__(self, app: Any) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", server_header=False)
        self._server = uvicorn.Server(config)

    async def __aenter__(self) -> int:
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            await asyncio.sleep(0.01)
        return int(self._socket.getsockname()[1])

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await self._task
