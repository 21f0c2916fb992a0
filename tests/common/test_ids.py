"""Identifiers sort as they were made and never meet, across forks too."""

import os
import re

from common.ids import new_id, sortable_part


class TestSortablePart:
    def test_sorts_as_it_was_made(self) -> None:
        made = [sortable_part() for _ in range(5_000)]
        assert made == sorted(made)
        assert len(set(made)) == len(made)

    def test_has_the_ulid_layout(self) -> None:
        assert re.fullmatch(r"ord_[0-9a-hjkmnp-tv-z]{26}", new_id("ord"))

    def test_of_two_forks_never_meets(self) -> None:
        sortable_part()
        made: list[set[str]] = []
        for _ in range(2):
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                os.write(writing, "\n".join(sortable_part() for _ in range(200)).encode())
                os._exit(0)
            os.close(writing)
            with os.fdopen(reading) as stream:
                made.append(set(stream.read().split()))
            os.waitpid(child, 0)
        assert len(made[0]) == len(made[1]) == 200
        assert made[0].isdisjoint(made[1])
