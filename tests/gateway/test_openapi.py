"""The merged OpenAPI document of the real services: complete, valid, and its examples true to their schemas."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from dev.routes import applications
from services.gateway.domain.documents import HEADERS, merge

Document = dict[str, Any]


@cache
def merged() -> Document:
    documents = {name: json.loads(json.dumps(app.openapi())) for name, app in applications().items()}
    return merge(documents)


def operations() -> Iterator[tuple[str, Document]]:
    """``METHOD /path`` with its operation."""
    for path, item in merged()["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def contents() -> Iterator[tuple[str, Document]]:
    """Every body that is sent or answered, with the words that find it."""
    for name, operation in operations():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            yield f"{name} body", media
        for status, answer in operation["responses"].items():
            for kind, media in answer.get("content", {}).items():
                if "json" in kind and media.get("schema"):
                    yield f"{name} {status}", media


class TestDocument:
    def test_is_openapi_3_1(self) -> None:
        assert merged()["openapi"].startswith("3.1")
        assert next(OpenAPIV31SpecValidator(merged()).iter_errors(), None) is None

    def test_sums_up_every_operation(self) -> None:
        assert [name for name, each in operations() if not each.get("summary") or not each.get("description")] == []

    def test_names_every_operation_once(self) -> None:
        ids = [each["operationId"] for _, each in operations()]
        assert len(ids) == len(set(ids))

    def test_says_who_may(self) -> None:
        assert [name for name, each in operations() if "security" not in each] == []
        by_name = dict(operations())
        assert {} in by_name["GET /api/products"]["security"]
        assert {} not in by_name["POST /api/shops"]["security"]

    def test_tells_of_refusals(self) -> None:
        by_name = dict(operations())
        edit = by_name["PATCH /api/orders/{order_id}"]["responses"]
        assert {"400", "401", "403", "404", "412", "413", "415", "422", "429"} <= edit.keys()
        assert "409" in by_name["POST /api/orders"]["responses"]
        assert "404" not in by_name["GET /api/orders"]["responses"]
        for name, each in operations():
            assert {"401", "429"} <= each["responses"].keys(), name
            for status, answer in each["responses"].items():
                assert HEADERS.keys() <= answer["headers"].keys(), (name, status)

    def test_shows_examples(self) -> None:
        assert [name for name, media in contents() if not {"example", "examples"} & media.keys()] == []

    def test_shows_examples_that_are_true(self) -> None:
        components = merged()["components"]
        wrong = []
        for name, media in contents():
            shown = [media["example"]] if "example" in media else [each["value"] for each in media["examples"].values()]
            validator = Draft202012Validator({**media["schema"], "components": components})
            wrong += [f"{name}: {error.message}" for each in shown for error in validator.iter_errors(each)]
        assert wrong == []
