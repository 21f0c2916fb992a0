"""Calls generated from the merged OpenAPI document, through the gateway: no server error, no answer outside it."""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from common.suite import SERVICES
from dev.walk.callers import ADMIN, ANONYMOUS, CUSTOMER, Caller
from dev.walk.founding import found
from dev.walk.identities import bearer
from dev.walk.table import ROWS
from dev.walk.world import World
from tests.walk.conftest import required

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = int(os.environ.get("MARKETHALL_TEST_EXAMPLES", "8"))
SEED = int(os.environ.get("MARKETHALL_TEST_SEED") or secrets.randbelow(2**32))
CALL_SECONDS = 30.0
KINDS = {row.route: row.ids for row in ROWS}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A company whose ids stand in the paths of half of the calls."""
    print(f"seed {SEED}: give it as MARKETHALL_TEST_SEED to run the same again")
    login = (required("MARKETHALL_TEST_ADMIN_EMAIL"), required("MARKETHALL_TEST_ADMIN_PASSWORD"))
    with asyncio.Runner() as runner:
        made = runner.run(found(required("MARKETHALL_TEST_GATEWAY_URL"), login, "fuzz"))
        for kind in ("product", "category", "order", "payment", "debt", "sale", "customer_record", "warehouse_spare"):
            runner.run(made.id_of(kind))
        yield made
        runner.run(made.close())


@pytest.fixture(scope="module")
def schema() -> Any:
    """The merged document, as the gateway serves it."""
    document = httpx2.get(f"{required('MARKETHALL_TEST_GATEWAY_URL')}/openapi.json", timeout=CALL_SECONDS).json()
    return schemathesis.openapi.from_dict(document)


def callers(world: World) -> list[Caller]:
    tenant = {"X-Tenant-ID": world.mark}
    return [
        Caller(ADMIN, bearer(world.admin)),
        Caller(CUSTOMER, bearer(world.customer)),
        Caller(ANONYMOUS, tenant),
    ]


def own_ids(world: World, label: str) -> dict[str, str]:
    """Path parameters that lead somewhere, where the walk's table knows their kind."""
    return {name: world.ids[kind] for name, kind in KINDS.get(label, {}).items() if kind in world.ids}


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_answers_as_its_document_says(
    service: str, world: World, schema: Any, record_property: Callable[[str, object], None]
) -> None:
    calls = 0
    for operation in (each.ok() for each in schema.include(tag=service).get_all_operations()):
        for caller in callers(world):
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                for ids in ({}, own_ids(world, operation.label)):
                    calls += _besiege(operation, caller, mode, ids, world.base_url)
                    if not own_ids(world, operation.label):
                        break
    record_property(f"generated calls, {service}", f"{calls}, seed {SEED}")
    assert calls


def _besiege(operation: Any, caller: Caller, mode: GenerationMode, ids: dict[str, str], base_url: str) -> int:
    made = 0

    @seed(SEED)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=ids or None))
    def call(case: Any) -> None:
        nonlocal made
        made += 1
        answer = case.call(base_url=base_url, headers=caller.headers, timeout=CALL_SECONDS)
        case.validate_response(answer, checks=CHECKS)

    with suppress(Unsatisfiable):  # an operation that takes nothing cannot be called wrongly
        call()
    return made
