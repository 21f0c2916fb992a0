"""Bodies that come packed, or in letters of two bytes: others on the way would read them otherwise than we do."""

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from common.web import problems
from common.web.middleware import ServiceMiddleware


async def _length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


@pytest.mark.parametrize(("coding", "status"), [("gzip", 415), ("br", 415), ("gzip, identity", 415), ("Identity", 200)])
async def test_are_refused_before_anybody_reads_them(coding: str, status: int) -> None:
    app = ServiceMiddleware(Starlette(routes=[Route("/", _length, methods=["POST"])]), "test", 1000)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as http:
        answer = await http.post("/", content=b"x" * 20, headers={"Content-Encoding": coding})
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "unsupported_encoding"


@pytest.mark.parametrize("letters", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
async def test_json_is_utf_8(letters: str) -> None:
    inner = FastAPI()
    problems.install(inner)

    @inner.post("/")
    async def take(body: dict[str, int]) -> int:
        return len(body)

    @inner.post("/picture")
    async def take_picture(request: Request) -> int:
        return len(await request.body())

    app = ServiceMiddleware(inner, "test", 1000)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as http:
        told = {"Content-Type": "application/json"}
        refused = await http.post("/", content='{"a": 1}'.encode(letters), headers=told)
        taken = await http.post("/", content=b'{"a": 1}', headers=told)
        picture = await http.post("/picture", content=b"\0\0\0\x1cftyp", headers={"Content-Type": "image/avif"})
    assert (refused.status_code, taken.status_code, picture.status_code) == (400, 200, 200)
