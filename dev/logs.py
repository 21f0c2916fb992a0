"""`logs`: what the processes wrote."""

import contextlib
import os
import sys
import time
from collections import deque
from pathlib import Path

from dev.home import Home, OperatorError

POLL_SECONDS = 0.2


def show(home: Home, name: str | None, *, lines: int, follow: bool) -> int:
    """Prints the last lines of one log, or of all; `follow` goes on until interrupted.

    Raises:
        OperatorError: there is no such log.
    """
    logs = [home.log(name)] if name else sorted(home.logs.glob("*.log"))
    if not logs or not logs[0].exists():
        known = ", ".join(sorted(path.stem for path in home.logs.glob("*.log"))) or "none yet"
        raise OperatorError(f"There is no log of {name or 'anything'} in {home.logs}; there are: {known}.")
    labelled = len(logs) > 1
    positions = {log: _last(log, lines, labelled) for log in logs}
    while follow:
        for log in logs:
            positions[log] = _more(log, positions[log], labelled)
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
        time.sleep(POLL_SECONDS)
    return 0


def _last(log: Path, lines: int, labelled: bool) -> int:
    with log.open(errors="replace") as file:
        for line in deque(file, maxlen=max(lines, 0)):
            _write(log, line, labelled)
        return file.tell()


def _more(log: Path, position: int, labelled: bool) -> int:
    if not log.exists() or os.path.getsize(log) == position:
        return position
    # A log that became shorter was begun anew.
    start = position if os.path.getsize(log) > position else 0
    with log.open(errors="replace") as file:
        file.seek(start)
        for line in file:
            _write(log, line, labelled)
        return file.tell()


def _write(log: Path, line: str, labelled: bool) -> None:
    text = line if line.endswith("\n") else line + "\n"
    sys.stdout.write(f"{log.stem:<12} {text}" if labelled else text)
