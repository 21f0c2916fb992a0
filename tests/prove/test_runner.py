"""The runner's verdicts, on the running suite: a row is green only for what it has shown."""

import asyncio
from pathlib import Path

import pytest

from dev.home import Home
from dev.prove.report import document, page, write
from dev.prove.rows import Kind, Row, Scale, Show
from dev.prove.runner import Runner
from dev.prove.stage import Stage
from dev.prove.suite import ProvedSuite
from dev.prove.verdict import Verdict


async def judged(tmp_path: Path, show: Show, *more: Row, patience_seconds: float | None = None) -> list[Verdict]:
    """The verdicts on a row of this function, and on others beside it."""
    suite = ProvedSuite(Home(tmp_path, 18000))
    heard: list[Verdict] = []
    runner = Runner(
        [suite], Scale.SMALL, "a-seed", tmp_path, lambda *_: None, heard.append, patience_seconds=patience_seconds
    )
    try:
        verdicts = await runner.run([Row(1, "a row", "a claim", Kind.CALM, show), *more])
    finally:
        await suite.close()
    assert sorted(v.number for v in heard) == sorted(v.number for v in verdicts)
    return verdicts


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """A home that has the addresses a suite would have; nothing is asked of them here."""
    (tmp_path / "secrets.json").write_text(
        '{"address.mongo": "mongodb://127.0.0.1:9", "address.amqp": "amqp://127.0.0.1:9", '
        '"address.management": "http://127.0.0.1:9", "administrator.email": "a", "administrator.password": "b"}'
    )
    return tmp_path


class TestVerdict:
    async def test_is_green_when_all_checks_hold(self, tmp_path: Path) -> None:
        async def show(stage: Stage) -> None:
            stage.check("equal", 1, 1)
            stage.at_most("little", 2, 1.5)
            stage.at_least("much", 2, 2)
            stage.none("none", [])

        [verdict] = await judged(tmp_path, show)
        assert verdict.is_green and len(verdict.checks) == 4

    async def test_is_red_without_a_check(self, tmp_path: Path) -> None:
        async def show(stage: Stage) -> None:
            stage.count("rounds", 3)

        [verdict] = await judged(tmp_path, show)
        assert verdict.failures == ["nothing was checked"] and not verdict.is_green

    async def test_ends_at_the_first_bad_check_where_it_only_has_to_go_red(self, tmp_path: Path) -> None:
        async def show(stage: Stage) -> None:
            stage.measure("patience", stage.patience(60.0))
            stage.check("good", 1, 1)
            stage.check("bad", 1, 2)
            stage.check("never reached", 1, 2)

        [verdict] = await judged(tmp_path, show, patience_seconds=5.0)
        assert [check.name for check in verdict.checks] == ["good", "bad"] and not verdict.error
        assert verdict.counts == {"patience": 5.0} and not verdict.is_green

    async def test_is_red_for_one_check_among_many_and_shows_the_rest(self, tmp_path: Path) -> None:
        async def show(stage: Stage) -> None:
            stage.none("lost", ["ord_1"])
            stage.check("after it", 1, 1)

        [verdict] = await judged(tmp_path, show)
        assert not verdict.is_green and len(verdict.checks) == 2
        assert verdict.failures == ["lost: expected 0, saw 1: ['ord_1']"]

    async def test_is_red_when_the_row_breaks_off_and_says_why(self, tmp_path: Path) -> None:
        async def show(stage: Stage) -> None:
            stage.check("before it", 1, 1)
            async with asyncio.TaskGroup() as group:
                group.create_task(broken())

        async def broken() -> None:
            raise ConnectionError("nobody there")

        [verdict] = await judged(tmp_path, show)
        assert verdict.failures == ["ConnectionError: nobody there"]

    async def test_of_a_constant_row_comes_after_all_others(self, tmp_path: Path) -> None:
        order: list[int] = []

        async def calm(stage: Stage) -> None:
            order.append(1)
            stage.check("calm", 1, 1)

        async def constant(stage: Stage) -> None:
            await stage.ending.wait()
            order.append(2)
            stage.check("constant", 1, 1)

        verdicts = await judged(tmp_path, calm, Row(2, "b", "c", Kind.CONSTANT, constant))
        assert order == [1, 2] and all(verdict.is_green for verdict in verdicts)

    async def test_repeats_its_chances_by_seed_and_row(self, tmp_path: Path) -> None:
        drawn: list[float] = []

        async def show(stage: Stage) -> None:
            drawn.append(stage.rng.random())
            stage.check("drawn", True, True)

        await judged(tmp_path, show)
        await judged(tmp_path, show, Row(2, "b", "c", Kind.CALM, show))
        assert drawn[0] == drawn[1] != drawn[2]


class TestReport:
    def test_names_seed_counts_and_what_failed(self, tmp_path: Path) -> None:
        verdict = Verdict(5, "orders <end>", "all of them", "seed-7", counts={"orders": 2000.0})
        verdict.error = "TimeoutError: none came"
        report = document([verdict], scale=Scale.FULL, seed="seed-7", seconds=12)
        write(tmp_path / "proof", report)
        assert (report["green"], report["red"], report["seed"]) == (0, 1, "seed-7")
        text = (tmp_path / "proof" / "report.html").read_text()
        assert text == page(report)
        for part in ("seed-7", "orders &lt;end&gt;", "2,000", "TimeoutError: none came", "docs/guarantees.md"):
            assert part in text
