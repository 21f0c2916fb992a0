"""A folder of its own for each process's search index; what a killed process left is taken away."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Self

PREFIX = "markethall-search-"
LOCK = "in-use"


class SearchFolder:
    """A folder that is held as long as the process lives: a lock on it falls with the process."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, parent: Path | None) -> Self:
        """A new folder below ``parent`` (the system's temporary folder when None)."""
        base = parent or Path(tempfile.gettempdir())
        base.mkdir(parents=True, exist_ok=True)
        _clear(base)
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        lock = os.open(path / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return cls(path, lock)

    async def close(self) -> None:
        """Take the folder away."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _clear(base: Path) -> None:
    """Remove the folders whose processes are gone; one without a lock file was only just made."""
    for marker in base.glob(f"{PREFIX}*/{LOCK}"):
        try:
            lock = os.open(marker, os.O_RDWR | os.O_CLOEXEC)
        except OSError:  # another process takes it away, or it is another user's
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(marker.parent, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
