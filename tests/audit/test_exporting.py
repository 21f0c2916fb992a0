"""The exported chain, and its check without a server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json

from common.events.identity import UserSignedIn
from common.ids import new_id
from common.testing import Harness
from dev.audit import Unreadable, check
from dev.cli import main
from services.audit.domain import ChainHead, SigningKey, canonical, chain, digest, hash_of
from tests.audit.conftest import events_of, verify
from tests.audit.test_checkpoints import cut_with_its_head, file_of, open_shops

pytestmark = pytest.mark.asyncio(loop_scope="module")

Lines = list[dict[str, Any]]
FORGER = SigningKey(b"a key that a forger has made up!!"[:32])


async def exported(audit: Harness, company: str | None, **params: str) -> Lines:
    """The lines of an export."""
    async with audit.user("company_admin" if company else "super_admin", company) as admin:
        answer = await admin.get("/api/audit/export", params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    return [from_json(line) for line in answer.content.splitlines()]


async def filled(audit: Harness) -> tuple[str, Lines]:
    """A company of five events with two checkpoints, and its export."""
    company = new_id("cmp")
    await open_shops(audit, company, 3)
    await open_shops(audit, company, 2)
    return company, await exported(audit, company)


def written(folder: Path, lines: Lines) -> Path:
    """The lines as a file."""
    path = folder / f"{new_id('f')}.jsonl"
    path.write_bytes(b"".join(canonical(line) + b"\n" for line in lines))
    return path


def key_of(audit: Harness) -> list[str]:
    """The service's public key."""
    return [str(audit.service._sealing.key.public)]


def found(audit: Harness, path: Path, apart: Path | None = None) -> tuple[int | None, str | None]:
    """What the check says of a file."""
    verdict = check(path, key_of(audit), apart)
    return verdict.first_broken_sequence, verdict.reason


class TestExport:
    async def test_holds_every_event_as_it_is_shown_and_the_checkpoints(self, audit: Harness) -> None:
        company, lines = await filled(audit)
        assert [line for line in lines if "action" in line] == await events_of(audit, company, 5)
        assert [line["sequence"] for line in lines if line.get("type") == "checkpoint"] == [3, 5]
        assert (lines[0]["type"], lines[-1]["type"], lines[-1]["events"]) == ("export", "end", 5)

    async def test_of_nothing_is_an_opening_and_an_end(self, audit: Harness, tmp_path: Path) -> None:
        lines = await exported(audit, new_id("cmp"))
        assert [line["type"] for line in lines] == ["export", "end"]
        assert check(written(tmp_path, lines), key_of(audit)).ok

    async def test_shows_a_company_its_own_and_the_platform_its_own(self, audit: Harness) -> None:
        await filled(audit)
        assert (await exported(audit, new_id("cmp")))[-1]["events"] == 0
        await audit.publish(UserSignedIn(user_id="usr_1", session_id="ses_1"), None)
        await events_of(audit, None, 1)
        platform = await exported(audit, None)
        assert {line["companyId"] for line in platform if "action" in line} == {None}

    async def test_of_a_part_has_no_holes(self, audit: Harness, tmp_path: Path) -> None:
        company, _ = await filled(audit)
        times = {2: "2011-01-04T10:00:00.000Z", 3: "2009-01-01T00:00:00.000Z", 4: "2011-01-04T11:00:00.000Z"}
        for sequence, at in times.items():
            await audit.runtime.database["audit_events"].update_one(
                {"companyId": company, "sequence": sequence}, {"$set": {"createdAt": at}}
            )
        lines = await exported(audit, company, **{"from": "2011-01-04", "to": "2011-01-04"})
        assert [line["sequence"] for line in lines if "action" in line] == [2, 3, 4]

    async def test_of_a_part_can_be_verified(self, audit: Harness, tmp_path: Path) -> None:
        company, lines = await filled(audit)
        at = lines[3]["createdAt"]
        part = await exported(audit, company, **{"from": at})
        verdict = check(written(tmp_path, part), key_of(audit), file_of(audit, company))
        assert verdict.ok
        assert 0 < verdict.events < 5
        past = await exported(audit, company, to=at)
        assert check(written(tmp_path, past), key_of(audit), file_of(audit, company)).ok

    @pytest.mark.parametrize("query", [{"from": "yesterday"}, {"colour": "red"}])
    async def test_refuses_what_it_does_not_know(self, audit: Harness, query: dict[str, str]) -> None:
        async with audit.user("company_admin", new_id("cmp")) as admin:
            assert (await admin.get("/api/audit/export", params=query)).status_code == 422


def edit(lines: Lines) -> None:
    event_of(lines, 4)["after"]["code"] = "forged"


def edit_and_hash(lines: Lines) -> None:
    edit(lines)
    event_of(lines, 4)["hash"] = hash_of(event_of(lines, 4))


def delete(lines: Lines) -> None:
    lines.remove(event_of(lines, 2))


def swap(lines: Lines) -> None:
    lines[1], lines[2] = lines[2], lines[1]


def truncate(lines: Lines) -> None:
    del lines[-3:]


def cut_before_the_end(lines: Lines) -> None:
    del lines[-3:-1]


def recompute(lines: Lines) -> None:
    """Every later hash anew, checkpoints taken out, the end signed by a key of the forger's own."""
    edit(lines)
    events = [{**line, "companyId": lines[0]["companyId"]} for line in lines if "action" in line]
    head, forged = chain(ChainHead(lines[0]["companyId"]), events)
    opening = {**lines[0], "keys": [FORGER.public]}
    end = FORGER.sign({"type": "end", "export": digest(opening), "events": head.count, "hash": head.hash})
    lines[:] = [opening, *forged, end]


def forge_a_checkpoint(lines: Lines) -> None:
    index = next(number for number, line in enumerate(lines) if line.get("type") == "checkpoint")
    lines[index] = FORGER.sign({name: lines[index][name] for name in lines[index] if name != "signature"})


class TestCheck:
    async def test_holds_for_what_nobody_touched(self, audit: Harness, tmp_path: Path) -> None:
        company, lines = await filled(audit)
        verdict = check(written(tmp_path, lines), key_of(audit), file_of(audit, company))
        assert (verdict.ok, verdict.events, verdict.checkpointed) == (True, 5, 5)

    @pytest.mark.parametrize(
        ("tamper", "sequence", "reason"),
        [
            (edit, 4, "edited"),
            (edit_and_hash, 5, "reordered"),
            (delete, 2, "missing"),
            (swap, 1, "missing"),
            (truncate, 5, "truncated"),
            (cut_before_the_end, 5, "truncated"),
            (recompute, 5, "checkpoint"),
            (forge_a_checkpoint, 3, "checkpoint"),
        ],
    )
    async def test_finds_tampering(
        self, audit: Harness, tmp_path: Path, tamper: Callable[[Lines], None], sequence: int, reason: str
    ) -> None:
        _, lines = await filled(audit)
        tamper(lines)
        assert found(audit, written(tmp_path, lines)) == (sequence, reason)

    async def test_finds_a_chain_that_was_cut_before_it_was_exported(self, audit: Harness, tmp_path: Path) -> None:
        company, _ = await filled(audit)
        await cut_with_its_head(audit, company, 4)
        lines = await exported(audit, company)
        assert found(audit, written(tmp_path, lines)) == (5, "checkpoint")

    async def test_finds_it_by_checkpoints_kept_elsewhere(self, audit: Harness, tmp_path: Path) -> None:
        company, kept = await filled(audit)
        await cut_with_its_head(audit, company, 4)
        file_of(audit, company).unlink()
        assert (await verify(audit, company))["ok"]
        path = written(tmp_path, await exported(audit, company))
        assert found(audit, path) == (None, None)
        assert found(audit, path, written(tmp_path, kept)) == (5, "checkpoint")

    async def test_does_not_mind_checkpoints_that_came_after(self, audit: Harness, tmp_path: Path) -> None:
        company, lines = await filled(audit)
        await open_shops(audit, company, 2)
        assert check(written(tmp_path, lines), key_of(audit), file_of(audit, company)).ok

    async def test_does_not_take_one_companys_file_for_anothers(self, audit: Harness, tmp_path: Path) -> None:
        _, lines = await filled(audit)
        lines[0]["companyId"] = "cmp_other"
        assert not check(written(tmp_path, lines), key_of(audit)).ok

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"type":"end"}', '{"type":"export","firstSequence":"1"}'])
    async def test_refuses_what_is_no_export(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "file").write_text(text)
        with pytest.raises(Unreadable):
            check(tmp_path / "file", [])


class TestCommand:
    async def test_answers_by_its_exit_code(
        self, audit: Harness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, lines = await filled(audit)
        key = ["--key", *key_of(audit)]
        assert main(["audit", "verify", str(written(tmp_path, lines)), *key]) == 0
        assert "The chain holds: 5 events, 2 signed checkpoints agree." in capsys.readouterr().out
        edit(lines)
        assert main(["audit", "verify", str(written(tmp_path, lines)), *key]) == 1
        assert "at event 4, edited" in capsys.readouterr().out

    async def test_says_in_one_sentence_what_cannot_be_read(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["audit", "verify", "/nowhere/at/all"]) == 1
        assert "cannot be read" in capsys.readouterr().err


def event_of(lines: Lines, sequence: int) -> dict[str, Any]:
    """The event of this place."""
    return next(line for line in lines if "action" in line and line["sequence"] == sequence)
