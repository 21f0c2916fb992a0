"""`backup FILE|DIR`: once, or again and again with the newest kept."""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress as Bar

from dev.backup.passphrase import read_passphrase
from dev.backup.taking import Taken, take
from dev.home import Home, OperatorError

SUFFIX = ".backup"
PREFIX = "markethall-"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def run(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    """Takes one backup, or one every so often until interrupted."""
    target, passphrase = Path(chosen.target), read_passphrase(chosen.passphrase_file)
    if chosen.every is None:
        _told(console, _take(home, _name_in(target), passphrase, console))
        return 0
    every = seconds_of(chosen.every)
    target.mkdir(parents=True, exist_ok=True)
    _again_and_again(home, target, passphrase, console, every=every, keep=chosen.keep, times=chosen.times)
    return 0


def seconds_of(text: str) -> int:
    """`60s`, `5m`, `1h`, `1d` in seconds.

    Raises:
        OperatorError: it is none of these.
    """
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in UNITS or int(number) < 1:
        raise OperatorError(f"--every takes a number and s, m, h or d, such as 60s, not {text!r}.")
    return int(number) * UNITS[unit]


def backups_in(folder: Path) -> list[Path]:
    """The backups of a folder, newest first; their names carry their time."""
    return sorted(folder.glob(f"{PREFIX}*{SUFFIX}"), reverse=True)


def _name_in(target: Path) -> Path:
    """The file itself, or a new one named by the time in a folder."""
    if not target.is_dir():
        return target
    return target / f"{PREFIX}{datetime.now(UTC):%Y%m%dT%H%M%SZ}{SUFFIX}"


def _again_and_again(
    home: Home, folder: Path, passphrase: bytes | None, console: Console, *, every: int, keep: int, times: int | None
) -> None:
    """Each is whole. One that fails is told, and the next tried at its time: older ones stay meanwhile."""
    done = 0
    while times is None or done < times:
        began = time.monotonic()
        try:
            taken = take(home, _name_in(folder), passphrase)
            _told(console, taken)
            for old in backups_in(folder)[keep:]:
                old.unlink(missing_ok=True)
            if taken.seconds > every:
                console.print(f"[yellow]That took longer than {every} s: so much may be lost, too.[/yellow]")
        except OperatorError as error:
            console.print(f"[red]no backup:[/red] {error}")
        done += 1
        if times is None or done < times:
            time.sleep(max(0.0, began + every - time.monotonic()))


def _take(home: Home, path: Path, passphrase: bytes | None, console: Console) -> Taken:
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task("reading", total=None)
        return take(home, path, passphrase, lambda done, of: bar.update(task, completed=done, total=max(done, of)))


def _told(console: Console, taken: Taken) -> None:
    size = f"{taken.size / 1e6:.1f} MB"
    console.print(
        f"[green]✓[/green] {taken.path} [dim]{taken.documents} documents, {size}, {taken.seconds:.1f} s[/dim]",
        soft_wrap=True,
    )
