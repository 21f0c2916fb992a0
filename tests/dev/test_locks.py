"""The lock files: every package pinned with hashes, and no address of an index."""

import re
from pathlib import Path

import pytest

from dev.home import REPOSITORY

LOCKS = sorted((REPOSITORY / "requirements").glob("*.txt"))
PIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._\[\]-]*==[^\s;]+")


def requirements(lock: Path) -> list[str]:
    """Each requirement with its continuation lines joined."""
    text = lock.read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
class TestLock:
    def test_every_package_has_one_version_and_hashes(self, lock: Path) -> None:
        for requirement in requirements(lock):
            assert PIN.match(requirement), requirement
            assert "--hash=sha256:" in requirement, requirement

    def test_no_address_is_in_it(self, lock: Path) -> None:
        text = lock.read_text()
        assert not re.search(r"\w+://|--(extra-)?index-url|--find-links| @ ", text)


def test_there_is_a_lock_for_each_step() -> None:
    assert {lock.name for lock in LOCKS} == {"bootstrap.txt", "mongod.txt", "suite.txt"}
