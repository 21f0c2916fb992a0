"""A hostile corpus on every route: refused as documented, and nothing changed."""

import asyncio
from collections.abc import Callable

import pytest

from dev.walk.ledger import digest
from dev.walk.patience import PatientClient
from dev.walk.siege import CALL_SECONDS, besiege, besieger
from dev.walk.table import ROWS
from tests.walk.conftest import Field

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900)]

SETTLE_ROUNDS = 200
LOOKS_ALIKE = 5


async def settled(battlefield: Field) -> dict[str, str]:
    """The digest once several looks in a row agree: events of what was set up have been handled."""
    before: dict[str, str] = {}
    alike = 0
    for _ in range(SETTLE_ROUNDS):
        now = digest(battlefield.mongo_url, "", battlefield.own.known("company"))
        alike = alike + 1 if now == before else 0
        if alike == LOOKS_ALIKE:
            return now
        before = now
        await asyncio.sleep(1)
    raise AssertionError("the databases did not come to rest")


class TestCorpus:
    async def test_is_refused_and_changes_nothing(
        self, battlefield: Field, record_property: Callable[[str, object], None]
    ) -> None:
        for row in ROWS:
            besieger(row, battlefield.callers)
            for kind in row.ids.values():
                await battlefield.own.id_of(kind)
            if row.body is not None:
                made = row.body(battlefield.own)
                _ = await made if hasattr(made, "__await__") else made
        before = await settled(battlefield)
        async with PatientClient(base_url=battlefield.own.base_url, timeout=CALL_SECONDS) as http:
            siege = await besiege(http, ROWS, battlefield.own, battlefield.callers, battlefield.forge)
        after = await settled(battlefield)
        changed = sorted(name for name in {**before, **after} if after.get(name) != before.get(name))
        figures = f"calls: {siege.calls}, server errors: {len(siege.server_errors)}, changes: {len(changed)}"
        record_property("hostile corpus", figures)
        assert not siege.server_errors, "\n".join(finding.line() for finding in siege.server_errors)
        assert not siege.wrong, "\n".join(finding.line() for finding in siege.wrong)
        assert not changed, "\n".join(changed)
