"""The proof's table: all rows are there, named on the command line, documented, and guarded by mutations that fit."""

import re
from pathlib import Path

import pytest

from dev.prove.mutations.mutation import Broken, Edit, Mutation, all_mutations
from dev.prove.rows import LAST_ROW, all_rows, guarantee, parse_rows

ROOT = Path(__file__).resolve().parents[2]


class TestRows:
    def test_are_complete(self) -> None:
        assert list(all_rows()) == list(range(1, LAST_ROW + 1))

    def test_of_one_number_are_refused_twice(self) -> None:
        row = next(iter(all_rows().values()))
        with pytest.raises(ValueError, match="there already"):
            guarantee(row.number, "another", "claim")(row.show)

    @pytest.mark.parametrize(
        ("text", "numbers"), [("1", [1]), ("1,5-8", [1, 5, 6, 7, 8]), ("38,2-3,3", [2, 3, 38]), (" 4 , 6", [4, 6])]
    )
    def test_are_chosen_by_number_and_range(self, text: str, numbers: list[int]) -> None:
        assert parse_rows(text) == numbers

    def test_are_all_chosen_where_none_is_named(self) -> None:
        assert parse_rows(None) == list(range(1, LAST_ROW + 1))

    @pytest.mark.parametrize("text", ["0", "39", "7-5", "", "a", "1,,2", "1-", "-3"])
    def test_that_do_not_exist_are_refused(self, text: str) -> None:
        with pytest.raises(ValueError):
            parse_rows(text)

    def test_stand_in_the_page_of_guarantees(self) -> None:
        text = (ROOT / "docs" / "guarantees.md").read_text()
        told = {int(number): name for number, name in re.findall(r"^\| (\d+) \| ([^|]+?) \|", text, re.M)}
        assert told == {row.number: row.name for row in all_rows().values()}


class TestMutations:
    @pytest.mark.parametrize("mutation", all_mutations(), ids=lambda mutation: mutation.name)
    def test_fit_the_source(self, mutation: Mutation) -> None:
        for edit in mutation.edits:
            compile(edit.applied(ROOT), edit.file, "exec")

    def test_have_a_name_of_their_own_and_a_row(self) -> None:
        names = [mutation.name for mutation in all_mutations()]
        assert len(names) == len(set(names))
        assert {mutation.row for mutation in all_mutations()} <= set(all_rows())

    def test_that_do_not_fit_change_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "file.py").write_text("twice\ntwice\n")
        for before in ("twice", "never"):
            with pytest.raises(Broken, match=r"file\.py"):
                Edit("file.py", before, "x").apply(tmp_path)
        assert (tmp_path / "file.py").read_text() == "twice\ntwice\n"

    def test_leave_no_switch_in_the_product(self) -> None:
        product = [*(ROOT / "services").rglob("*.py"), *(ROOT / "libs").rglob("*.py")]
        assert not [path for path in product if "mutat" in path.read_text().lower()]
