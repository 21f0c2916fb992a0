"""A database on a file system so small that it can be filled, and a broker whose disk alarm is in force."""

import asyncio
import errno
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from dev.prove.faults.alarm import broker_command
from dev.prove.suite import ProvedSuite

SPARE_BYTES = 160_000_000
LARGEST_PIECE, SMALLEST_PIECE = 16 * 1024 * 1024, 4096
USUAL_BROKER_LIMIT = "200MB"
ANSWER_SECONDS = 120.0
POLL_SECONDS = 0.2


class NoSmallDisk(RuntimeError):
    """This machine does not let us mount a file system."""


class SmallDisk:
    """A mounted file system with a file in it that takes all that is left."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"
        self._folder = folder

    def fill(self) -> int:
        """Leaves nothing, again and again where a database made room meanwhile; returns the bytes taken."""
        with self._ballast.open("ab") as file:
            before, piece = file.seek(0, os.SEEK_END), LARGEST_PIECE
            size = before
            while piece >= SMALLEST_PIECE:
                try:
                    os.posix_fallocate(file.fileno(), size, piece)
                    size += piece
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    piece //= 2  # the database writes meanwhile: what is left is not known
        return size - before

    def free(self) -> None:
        """Gives it back."""
        self._ballast.unlink(missing_ok=True)


@asynccontextmanager
async def database_on_a_small_disk(suite: ProvedSuite) -> AsyncIterator[SmallDisk]:
    """The database's files move to the small disk and, on the way out, back. Raises NoSmallDisk."""
    folder = suite.home.data / "mongodb"
    aside = folder.with_name("mongodb.aside")
    await suite.stop("mongod")
    try:
        await asyncio.to_thread(_mount, folder, aside)
    except NoSmallDisk:
        await suite.start("mongod")
        raise
    disk = SmallDisk(folder)
    try:
        await suite.start("mongod")
        await database_answers(suite)
        yield disk
    finally:
        disk.free()
        await suite.stop("mongod")
        await asyncio.to_thread(_unmount, folder, aside)
        await suite.start("mongod")
        await database_answers(suite)


async def database_answers(suite: ProvedSuite) -> None:
    """Waits until the database takes writes. Raises TimeoutError."""
    async with asyncio.timeout(ANSWER_SECONDS):
        while True:
            with suppress(PyMongoError):  # it is on its way
                if (await suite.mongo.admin.command("hello")).get("isWritablePrimary"):
                    return
            await asyncio.sleep(POLL_SECONDS)


async def force_to_disk(suite: ProvedSuite) -> None:
    """Makes the database write down now what it would within a minute; on a full disk that is its end."""
    async with AsyncMongoClient[dict[str, object]](suite.mongo_url, serverSelectionTimeoutMS=2_000) as client:
        try:
            await client.admin.command("fsync")
        except PyMongoError:
            return


@asynccontextmanager
async def brokers_disk_full(suite: ProvedSuite) -> AsyncIterator[None]:
    """Inside, the broker has less disk than it asks for, and takes no message."""
    try:
        await broker_command(suite, "set_disk_free_limit", "900GB")
        await _until_disk_alarm(suite, alarmed=True)
        yield
    finally:
        await broker_command(suite, "set_disk_free_limit", USUAL_BROKER_LIMIT)
        await _until_disk_alarm(suite, alarmed=False)


async def _until_disk_alarm(suite: ProvedSuite, *, alarmed: bool) -> None:
    async with asyncio.timeout(ANSWER_SECONDS):
        while True:
            nodes = await asyncio.to_thread(suite.broker.get, "/api/nodes")
            if any(bool(node.get("disk_free_alarm")) for node in nodes) is alarmed:
                return
            await asyncio.sleep(POLL_SECONDS)


def _mount(folder: Path, aside: Path) -> None:
    size = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) + SPARE_BYTES
    folder.rename(aside)
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "markethall-proof", str(folder)],
        capture_output=True, text=True,
    )  # fmt: skip
    if mounted.returncode:
        folder.rmdir()
        aside.rename(folder)
        raise NoSmallDisk(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    shutil.copytree(aside, folder, dirs_exist_ok=True)


def _unmount(folder: Path, aside: Path) -> None:
    """What was written meanwhile comes along."""
    shutil.rmtree(aside)
    shutil.copytree(folder, aside)
    subprocess.run(["umount", str(folder)], check=True, capture_output=True)
    folder.rmdir()
    aside.rename(folder)
