"""The rules of the chain, without I/O."""

import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as some

from common.context import CallContext
from common.events import EventData, seal, unseal
from common.events.identity import ApiKeyCreated, ApiKeyRevoked, ApiKeyUpdated, SessionRevoked
from common.events.orders import OrderUpdated
from common.events.stock import InventoryReserved
from common.events.tenancy import ShopCreated
from services.audit.domain import (
    GENESIS,
    ChainCheck,
    ChainHead,
    Verdict,
    canonical,
    chain,
    describe,
    hash_of,
    resource_type,
)
from services.audit.service import criteria
from tests.audit.conftest import AT

SAFE = 2**53 - 1
VALUES = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-SAFE, SAFE)
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(), inner, max_size=4),
    max_leaves=12,
)


def described(data: EventData, actor: str = "user:usr_1", client_ip: str | None = None) -> dict[str, Any]:
    call = CallContext(actor=actor, client_ip=client_ip, correlation_id="req_1")
    document = seal(data, source="shop", company_id="cmp_1", sequence=1, now=AT, call=call)
    return describe(unseal(document), document)


def shop(number: int) -> ShopCreated:
    return ShopCreated(shop_id=f"shp_{number}", name="n", code=f"S{number}", timezone="UTC")


def chained(count: int) -> tuple[ChainHead, list[dict[str, Any]]]:
    return chain(ChainHead("cmp_1"), [described(shop(number)) for number in range(count)])


def check(head: ChainHead, events: list[dict[str, Any]], part: int = 3) -> Verdict:
    walk = ChainCheck()
    for start in range(0, len(events), part):
        if not walk.take(events[start : start + part]):
            break
    return walk.verdict(head)


class TestCanonical:
    @given(some.dictionaries(some.text(), VALUES, max_size=5))
    def test_is_what_the_reference_writes(self, document: dict[str, Any]) -> None:
        assert canonical(document) == rfc8785.dumps(document)

    def test_orders_keys_by_utf16(self) -> None:
        assert canonical({"\U0001f600": 1, "\ufb33": 2}) == '{"\U0001f600":1,"\ufb33":2}'.encode()

    @pytest.mark.parametrize(
        "value", [1.0, 0.1, -0.0, 1e300, 1e-7, 1.5e-7, [1.0], [0, 2.5], -1e21, 12, "a 3.5, b 1e+9] c", "12:00:00.000"]
    )
    def test_writes_numbers_as_the_reference_does(self, value: object) -> None:
        documents: list[dict[str, Any]] = [{"a": value}, {"a": [value, value]}, {"a": {"b": value}, "c": 1}]
        for document in documents:
            assert canonical(document) == rfc8785.dumps(document)

    @pytest.mark.parametrize("value", [2**53, -(2**53), [1, 2**60], [-(2**62)], float("nan"), float("inf")])
    def test_refuses_what_json_cannot_hold(self, value: object) -> None:
        with pytest.raises(rfc8785.CanonicalizationError):
            canonical({"a": value})


class TestHash:
    def test_can_be_computed_by_anybody_who_has_the_event(self) -> None:
        event = chained(1)[1][0]
        shown = {name: value for name, value in event.items() if name != "hash"}
        plain = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert event["hash"] == hashlib.sha256(plain.encode()).hexdigest()


class TestDescribe:
    @pytest.mark.parametrize(
        ("actor", "shown"),
        [
            ("user:usr_1", {"type": "user", "id": "usr_1", "ip": "192.0.2.1"}),
            ("key:key_1", {"type": "key", "id": "key_1", "ip": "192.0.2.1"}),
            ("service:sales", {"type": "system", "id": "sales", "ip": "192.0.2.1"}),
            ("system", {"type": "system", "id": None, "ip": "192.0.2.1"}),
            ("anonymous", {"type": "anonymous", "id": None, "ip": "192.0.2.1"}),
        ],
    )
    def test_names_the_actor(self, actor: str, shown: dict[str, Any]) -> None:
        assert described(shop(1), actor, "192.0.2.1")["actor"] == shown

    def test_names_the_platforms_administrator_as_such(self) -> None:
        call = CallContext(actor="user:usr_1", actor_role="super_admin")
        document = seal(shop(1), source="shop", company_id="cmp_1", sequence=1, now=AT, call=call)
        assert describe(unseal(document), document)["actor"]["role"] == "super_admin"
        assert unseal(document).caused().actor_role == "super_admin"
        assert "role" not in described(shop(1))["actor"]

    def test_shows_an_edit_by_what_it_changed(self) -> None:
        edit = described(OrderUpdated(order_id="ord_1", before={"note": None}, after={"note": "x"}))
        assert (edit["before"], edit["after"]) == ({"note": None}, {"note": "x"})

    def test_names_what_the_id_belongs_to(self) -> None:
        assert resource_type(InventoryReserved) == "order"
        assert resource_type(SessionRevoked) == "user"
        assert resource_type(OrderUpdated) == "order"
        assert {resource_type(model) for model in (ApiKeyCreated, ApiKeyUpdated, ApiKeyRevoked)} == {"key"}


class TestCheck:
    @pytest.mark.parametrize("count", [0, 1, 3, 10])
    def test_finds_a_whole_chain_whole(self, count: int) -> None:
        head, events = chained(count)
        assert check(head, events) == Verdict(True, count, events[-1]["hash"] if events else GENESIS)

    def test_finds_an_edit(self) -> None:
        head, events = chained(5)
        events[2] = {**events[2], "after": {"code": "forged"}}
        assert _broken(head, events) == (3, "edited")

    def test_finds_an_edit_that_was_hashed_again(self) -> None:
        head, events = chained(5)
        events[2] = {**events[2], "after": {"code": "forged"}}
        events[2]["hash"] = hash_of(events[2])
        assert _broken(head, events) == (4, "reordered")

    def test_finds_a_deletion(self) -> None:
        head, events = chained(5)
        del events[1]
        assert _broken(head, events) == (2, "missing")

    def test_finds_a_swap(self) -> None:
        head, events = chained(5)
        first, second = events[1], events[2]
        events[1], events[2] = {**second, "sequence": 2}, {**first, "sequence": 3}
        assert _broken(head, events) == (2, "edited")

    @pytest.mark.parametrize("left", [0, 4])
    def test_finds_an_end_that_was_cut_off(self, left: int) -> None:
        head, events = chained(5)
        assert _broken(head, events[:left]) == (left + 1, "truncated")

    def test_finds_a_chain_that_was_rewritten(self) -> None:
        head, _ = chained(3)
        _, others = chain(ChainHead("cmp_1"), [described(shop(9)) for _ in range(3)])
        assert _broken(head, others) == (3, "rewritten")


def _broken(head: ChainHead, events: list[dict[str, Any]]) -> tuple[int | None, str | None]:
    verdict = check(head, events)
    assert not verdict.ok
    return verdict.first_broken_sequence, verdict.reason


class TestCriteria:
    def test_knows_types_from_ids(self) -> None:
        assert criteria({"resource": "order"}, None) == {"resource.type": "order"}
        assert criteria({"resource": "ord_1"}, None) == {"resource.id": "ord_1"}
        assert criteria({"actor": "user:usr_1"}, None) == {"actor.type": "user", "actor.id": "usr_1"}
