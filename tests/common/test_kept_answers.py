"""Kept answers: how long they hold, and how many there are."""

from typing import Any

import pytest

from common import kept_answers
from common.kept_answers import KeptAnswers

START: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}
KEY = ("cmp_1", "/api/products", b"limit=20")
OTHER = ("cmp_2", "/api/products", b"limit=20")


def keep(answers: KeptAnswers, *keys: tuple[str, str, bytes], body: bytes = b"{}") -> None:
    for key in keys:
        answers.keep(key, START, body, None, answers.generation_of(key[0]))


class TestForgetting:
    def test_gives_up_the_companys_and_no_others(self) -> None:
        answers = KeptAnswers()
        keep(answers, KEY, OTHER)
        answers.forget("cmp_1")
        assert answers.find(KEY) is None
        assert answers.find(OTHER) is not None

    def test_what_was_read_before_the_change_is_not_kept(self) -> None:
        answers = KeptAnswers()
        asked_at = answers.generation_of("cmp_1")
        answers.forget("cmp_1")
        answers.keep(KEY, START, b"old", None, asked_at)
        assert answers.find(KEY) is None

    def test_of_all_is_of_each(self) -> None:
        answers = KeptAnswers()
        keep(answers, KEY, OTHER)
        answers.forget_all()
        assert (answers.find(KEY), answers.find(OTHER)) == (None, None)

    def test_age_does_it_where_nobody_tells(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answers = KeptAnswers()
        monkeypatch.setattr(kept_answers, "LONGEST_SECONDS", -1.0)
        keep(answers, KEY)
        assert answers.find(KEY) is None


class TestRoom:
    def test_the_longest_unasked_goes_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kept_answers, "MOST_BYTES", 250)
        answers = KeptAnswers()
        keys = [("cmp_1", f"/api/products/{number}", b"") for number in range(3)]
        keep(answers, *keys[:2], body=b"x" * 100)
        assert answers.find(keys[0]) is not None
        keep(answers, keys[2], body=b"x" * 100)
        assert [answers.find(key) is not None for key in keys] == [True, False, True]

    def test_what_is_large_is_not_kept(self) -> None:
        answers = KeptAnswers()
        keep(answers, KEY, body=b"x" * (kept_answers.LARGEST_BYTES + 1))
        assert answers.find(KEY) is None

    def test_an_answer_that_is_kept_again_takes_no_more_room(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kept_answers, "MOST_BYTES", 250)
        answers = KeptAnswers()
        for _ in range(5):
            keep(answers, OTHER, KEY, body=b"x" * 100)
        assert answers.find(OTHER) is not None
