"""Every event that tells of an edit is given what was before and what is now, wherever it is made."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.events import EVENT_MODELS
from common.events.parts import ChangeData, CompanySettings
from common.events.tenancy import CompanyCreated
from common.testing import Harness
from dev.home import REPOSITORY
from tests.audit.conftest import until

EDITS = {model.__name__: model for model in EVENT_MODELS.values() if issubclass(model, ChangeData)}


def made_in(path: Path) -> Iterator[tuple[str, set[str], str]]:
    """Where a module makes such an event: its name, what it is given, and the place."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in EDITS:
            given = {str(keyword.arg) for keyword in node.keywords}
            yield node.func.id, given, f"{path.relative_to(REPOSITORY)}:{node.lineno}"


MADE = [each for path in sorted((REPOSITORY / "services").rglob("*.py")) for each in made_in(path)]


class TestEdits:
    @pytest.mark.parametrize(("name", "given", "place"), MADE, ids=[f"{name} {place}" for name, _, place in MADE])
    def test_are_given_before_and_after(self, name: str, given: set[str], place: str) -> None:
        assert {"before", "after"} <= given, f"{name} in {place}"

    def test_are_made_by_their_own_service(self) -> None:
        wrong = [place for name, _, place in MADE if place.split("/")[1] != EDITS[name].PRODUCER]
        assert wrong == []

    def test_are_all_made_somewhere(self) -> None:
        assert EDITS.keys() == {name for name, _, _ in MADE}


@pytest.mark.asyncio(loop_scope="module")
class TestActor:
    """One edit through a service as the gateway forwards it: what its event says of the caller."""

    @pytest.mark.parametrize(("role", "shown"), [("company_admin", None), ("super_admin", "super_admin")])
    async def test_is_who_called_from_where(self, shop: Harness, role: str, shown: str | None) -> None:
        company = f"cmp_{role}"
        own = company if role != "super_admin" else None
        await shop.publish(created(company), company)
        async with shop.user(role, own, tenant=company, user_id="usr_1") as caller:
            sent = {"x-forwarded-for": "203.0.113.9", "x-request-id": f"req-{role}"}

            async def is_open() -> str | None:
                made = await caller.post("/api/shops", json={"name": "A", "code": "A"}, headers=sent)
                return str(made.json()["id"]) if made.status_code == 201 else None  # the company is not known at once

            path = f"/api/shops/{await until(is_open)}"
            assert (await caller.patch(path, json={"name": "B"}, headers=sent)).status_code == 200
        heard = (await shop.events.wait_for("shop.updated", lambda event: event.company_id == company))[0]
        told = (heard.actor, heard.actor_role, heard.client_ip, heard.correlation_id)
        assert told == ("user:usr_1", shown, "203.0.113.9", f"req-{role}")
        assert (heard.data.before["name"], heard.data.after["name"]) == ("A", "B")


def created(company: str) -> CompanyCreated:
    """The company, as its service tells of it."""
    return CompanyCreated(
        company_id=company,
        name="n",
        slug="s",
        status="active",
        currency="EUR",
        timezone="UTC",
        settings=CompanySettings(),
    )
