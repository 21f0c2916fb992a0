"""What a part of the walk is made of, without any server."""

import random

from dev.walk.plan import Plan


class TestSampled:
    def test_is_a_part_of_the_whole_decided_by_the_seed(self) -> None:
        whole = Plan.whole()
        part = whole.sampled(random.Random("a"), 9)
        assert len(part.routes) == len(part.rows) == 9
        assert (len(part.others), len(part.internals)) == (3, 3)
        assert part.routes < whole.routes
        assert {row.route for row in part.rows} == part.routes
        assert whole.sampled(random.Random("a"), 9) == part
        assert whole.sampled(random.Random("b"), 9).routes != part.routes
