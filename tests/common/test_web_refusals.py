"""Bodies and methods that no service takes, and examples that it shows, without I/O."""

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from common.web import problems
from common.web.examples import Examples
from common.web.schema import In


class ThingIn(In):
    """A thing."""

    name: str
    tags: dict[str, Any] = {}


def application() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.get("/things")
    async def list_things() -> list[str]:
        return []

    @app.post("/things")
    async def make_thing(body: ThingIn) -> str:
        return body.name

    @app.get("/things/{name}")
    async def read_thing(name: str) -> str:
        return name

    @app.delete("/things/{name}")
    async def drop_thing(name: str) -> str:
        return name

    return app


def client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=application()), base_url="http://service")


class TestBody:
    @pytest.mark.parametrize(
        ("media", "body", "status", "code"),
        [
            ("text/plain", b'{"name": "a"}', 415, "unsupported_media_type"),
            ("application/x-www-form-urlencoded", b"name=a", 415, "unsupported_media_type"),
            ("application/jsonx", b'{"name": "a"}', 415, "unsupported_media_type"),
            ("application/json", b'{"name"', 400, "invalid_json"),
            ("application/json", b"\xff\xfe{}", 400, "invalid_json"),
            ("application/json", b"[" * 200_000, 400, "invalid_json"),
            ("application/json", b'{"name":' + b"[" * 500 + b"]" * 500 + b"}", 422, "invalid_body"),
            ("application/json", b"", 422, "invalid_body"),
            ("text/plain", b"", 422, "invalid_body"),
            ("application/json; charset=utf-8", b'{"name": "a"}', 200, None),
            ("application/merge-patch+json", b'{"name": "a"}', 200, None),
        ],
    )
    async def test_is_refused_exactly(self, media: str, body: bytes, status: int, code: str | None) -> None:
        async with client() as caller:
            told = await caller.post("/things", content=body, headers={"content-type": media})
        assert told.status_code == status
        if code is not None:
            assert told.json()["code"] == code


class TestMethod:
    @pytest.mark.parametrize(("path", "allowed"), [("/things", "GET, HEAD, POST"), ("/things/a", "DELETE, GET, HEAD")])
    async def test_that_is_none_names_all_there_are(self, path: str, allowed: str) -> None:
        async with client() as caller:
            told = await caller.put(path, json={})
        assert (told.status_code, told.json()["code"]) == (405, "method_not_allowed")
        assert told.headers["allow"] == allowed


class TestExamples:
    @pytest.mark.parametrize(
        ("schema", "example"),
        [
            ({"type": "integer", "minimum": 5}, 5),
            ({"type": "integer", "maximum": 0}, 0),
            ({"type": "string", "enum": ["a", "b"]}, "a"),
            ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, True),
            ({"type": "array", "minItems": 2, "items": {"type": "integer"}}, [1, 1]),
            ({"type": "string", "pattern": "^[a-z]{2,4}_[0-9A-Za-z]{1,64}$"}, "ord_01k9x3v7q2m8n4p6r5s1t0wzyb"),
            (
                {"type": "object", "properties": {"shopId": {"type": "string"}}},
                {"shopId": "shp_01k9x3v7q2m8n4p6r5s1t0wzyb"},
            ),
        ],
    )
    def test_are_made_from_the_schema(self, schema: dict[str, Any], example: Any) -> None:
        assert Examples({}).of(schema) == example

    def test_come_to_an_end(self) -> None:
        node = {"type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#/x/Node"}}}}
        assert Examples({"Node": node}).of({"$ref": "#/x/Node"})

    def test_show_of_a_request_what_it_must_hold(self) -> None:
        schema = {"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["b"]}
        assert Examples({}).of(schema, is_request=True) == {"b": 1}
