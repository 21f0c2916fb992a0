"""Checkpoints on the disk and their signatures, without servers."""

from pathlib import Path
from typing import Any

import pytest

from common.encoding import from_base64url, to_base64url
from common.settings import development_seed
from services.audit.domain import GENESIS, ChainHead, SigningKey, TrustedKeys, digest, draft
from services.audit.store import CheckpointFiles

KEY = SigningKey(b"a key of which only tests know!!")


class TestFiles:
    def test_skip_what_a_crash_left_unfinished(self, tmp_path: Path) -> None:
        files = CheckpointFiles(tmp_path)
        append(files, 1)
        with (tmp_path / "cmp_1.jsonl").open("ab") as file:
            file.write(b'{"type":"checkpoint","sequ')
        append(files, 2)
        assert [each["sequence"] for each in files.opened("cmp_1")] == [1, 2]
        marks = list(TrustedKeys([KEY.public]).marks(files.opened("cmp_1"), "cmp_1"))
        assert all(mark.is_genuine for mark in marks)

    def test_read_backwards_over_many_blocks(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.audit.store.checkpoints.BLOCK_BYTES", 100)
        files = CheckpointFiles(tmp_path)
        for sequence in range(1, 8):
            append(files, sequence)
        assert [each["sequence"] for each in files.newest_first("cmp_1")] == [7, 6, 5, 4, 3, 2, 1]

    def test_link_each_to_the_one_before(self, tmp_path: Path) -> None:
        files = CheckpointFiles(tmp_path)
        for sequence in (1, 2):
            append(files, sequence)
        first, second = files.opened("cmp_1")
        assert (first["previous"], second["previous"]) == (GENESIS, digest(first))

    @pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", "x" * 200])
    def test_stay_in_their_folder(self, tmp_path: Path, name: str) -> None:
        append(CheckpointFiles(tmp_path / "inner"), 1, name)
        assert [path.parent.name for path in tmp_path.rglob("*.jsonl")] == ["inner"]


class TestSignature:
    @pytest.mark.parametrize(
        "change", [{"sequence": 2}, {"hash": "f" * 64}, {"signature": "AAAA"}, {"keyId": "other"}, {"signature": 5}]
    )
    def test_covers_every_word(self, change: dict[str, Any]) -> None:
        keys, signed = TrustedKeys([KEY.public]), KEY.sign({"sequence": 1, "hash": "0" * 64})
        assert keys.hold(signed)
        assert not keys.hold({**signed, **change})

    def test_of_a_former_key_counts_as_long_as_it_is_named(self) -> None:
        signed = SigningKey(from_base64url(development_seed("audit"))).sign({"sequence": 1})
        former = SigningKey(from_base64url(development_seed("audit"))).public
        assert TrustedKeys([KEY.public, former]).hold(signed)
        assert not TrustedKeys([KEY.public, to_base64url(bytes(32))]).hold(signed)


def append(files: CheckpointFiles, sequence: int, company: str = "cmp_1") -> None:
    """One signed checkpoint more."""

    def make(newest: dict[str, Any] | None) -> dict[str, Any] | None:
        drafted = draft(f"chk_{sequence}", ChainHead(company, sequence, "0" * 64), "2011-01-04T12:00:00.000Z", newest)
        assert drafted is not None
        return KEY.sign(drafted)

    assert files.append(company, make) is not None
