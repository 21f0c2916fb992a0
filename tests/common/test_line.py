"""The waiting line: turns, a bound, and who goes when it is full."""

from collections.abc import Iterable

from common.line import NEW_IN_A_ROW, Line


def waiting(most: int, *parties: tuple[str, str, int]) -> Line[str]:
    """A line in which each (group, caller, how many) waits."""
    line: Line[str] = Line(most)
    for group, caller, count in parties:
        for number in range(count):
            line.join(group, caller, f"{group}.{caller}.{number}")
    return line


def served(line: Line[str], count: int, *, newest_first: bool = False) -> Iterable[str | None]:
    return [line.next(newest_first=newest_first) for _ in range(count)]


class TestNext:
    def test_groups_take_turns(self) -> None:
        line = waiting(10, ("a", "x", 3), ("b", "x", 1))
        assert served(line, 5) == ["a.x.0", "b.x.0", "a.x.1", "a.x.2", None]

    def test_callers_of_a_group_take_turns(self) -> None:
        line = waiting(10, ("a", "x", 3), ("a", "y", 1))
        assert served(line, 4) == ["a.x.0", "a.y.0", "a.x.1", "a.x.2"]

    def test_a_group_that_asks_for_little_goes_before_those_that_always_wait(self) -> None:
        line = waiting(10, ("a", "x", 3), ("b", "x", 3))
        served(line, 1)
        line.join("little", "x", "one call")
        assert served(line, 3) == ["b.x.0", "one call", "a.x.1"]

    def test_nobody_gains_by_leaving_and_coming_again(self) -> None:
        line = waiting(10, ("a", "x", 4), ("b", "x", 4))
        served(line, 2)
        line.join("little", "x", "first")
        served(line, 1)
        line.join("little", "x", "second")
        assert served(line, 3) == ["a.x.1", "b.x.1", "second"]

    def test_ever_new_names_do_not_starve_who_always_waits(self) -> None:
        line = waiting(100, ("a", "x", 20))
        served(line, 1)
        calls = []
        for number in range(40):
            line.join(f"new-{number}", "x", "new")
            line.join(f"another-{number}", "x", "new")
            calls += served(line, 2)
        assert sum(str(each).startswith("a.") for each in calls) >= len(calls) // (NEW_IN_A_ROW + 1)

    def test_whose_turn_passed_unused_is_new_again(self) -> None:
        line = waiting(10, ("a", "x", 6))
        served(line, 1)
        line.join("little", "x", "first")
        served(line, 3)
        line.join("little", "x", "second")
        assert served(line, 2) == ["second", "a.x.3"]

    def test_counts_those_who_wait_and_not_those_who_did(self) -> None:
        line = waiting(10, ("a", "x", 2), ("b", "x", 1))
        assert line.groups == 2
        served(line, 2)
        assert line.groups == 1
        assert (line.waiting("a"), line.waiting("b"), line.waiting("nobody")) == (1, 0, 0)

    def test_takes_the_newest_where_told(self) -> None:
        assert served(waiting(10, ("a", "x", 3)), 3, newest_first=True) == ["a.x.2", "a.x.1", "a.x.0"]


class TestJoin:
    def test_a_full_line_refuses_whoever_fills_it(self) -> None:
        line = waiting(3, ("a", "x", 3))
        assert line.join("a", "x", "one more") == "one more"
        assert len(line) == 3

    def test_another_group_takes_the_place_of_the_longest_ones_newest(self) -> None:
        line = waiting(3, ("a", "x", 3))
        assert line.join("b", "y", "other") == "a.x.2"
        assert served(line, 3) == ["a.x.0", "other", "a.x.1"]

    def test_another_caller_takes_the_place_of_the_longest_of_its_group(self) -> None:
        line = waiting(3, ("a", "x", 3))
        assert line.join("a", "y", "other") == "a.x.2"
        assert len(line) == 3

    def test_nobody_only_changes_places(self) -> None:
        line = waiting(2, ("a", "x", 1), ("b", "x", 1))
        assert line.join("c", "x", "third") == "third"

    def test_a_line_for_nobody_refuses_all(self) -> None:
        assert waiting(0).join("a", "x", "one") == "one"


class TestLeave:
    def test_who_leaves_is_not_called(self) -> None:
        line = waiting(5, ("a", "x", 2))
        line.leave("a", "x", "a.x.0")
        line.leave("a", "x", "a.x.0")
        line.leave("b", "x", "nobody")
        assert (len(line), line.next(), line.next()) == (1, "a.x.1", None)
