"""A folder of its own for each process's search index; what a killed process left is taken away."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Self

PREFIX = "markethall-search-"
LOCK = ".lock"


class SearchFolder:
    """A folder that is held as long as the process lives: the lock on the file beside it falls with the process."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, parent: Path | None) -> Self:
        """A new folder below ``parent`` (the system's temporary folder when None)."""
        base = parent or Path(tempfile.gettempdir())
        base.mkdir(parents=True, exist_ok=True)
        _clear(base)
        while True:
            lock, name = tempfile.mkstemp(prefix=PREFIX, suffix=LOCK, dir=base)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if Path(name).exists():
                break
            os.close(lock)  # whoever clears up took it in the moment before it was locked
        path = Path(name).with_suffix("")
        path.mkdir(mode=0o700)
        return cls(path, lock)

    async def close(self) -> None:
        """Take the folder away; what the index still writes afterwards goes when the next one is opened."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _clear(base: Path) -> None:
    """Remove the folders that no process holds."""
    for marker in base.glob(f"{PREFIX}*{LOCK}"):
        try:
            lock = os.open(marker, os.O_RDWR | os.O_CLOEXEC)
        except OSError:  # another process took it away just now, or it is another user's
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(marker.with_suffix(""), ignore_errors=True)
            marker.unlink(missing_ok=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
