"""The limit of open files is raised as far as it may be, and never lowered."""

import resource
from collections.abc import Iterator

import pytest

from common.open_files import ENOUGH, allow_many


@pytest.fixture
def limits() -> Iterator[tuple[int, int]]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_low_limit_is_raised(limits: tuple[int, int]) -> None:
    hard = limits[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    assert allow_many() == wanted
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (wanted, hard)


def test_a_high_one_stays(limits: tuple[int, int]) -> None:
    before = allow_many()
    assert allow_many() == before
