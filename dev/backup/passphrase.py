"""The passphrase of an encrypted backup, from a file: on a command line it would be everybody's."""

from pathlib import Path

from dev.home import OperatorError

SHORTEST = 12


def read_passphrase(told: str | None) -> bytes | None:
    """The file's first line; None where no file is named.

    Raises:
        OperatorError: it cannot be read, or is shorter than twelve bytes.
    """
    if told is None:
        return None
    try:
        first = Path(told).read_bytes().split(b"\n")[0].strip()
    except OSError as error:
        raise OperatorError(f"{told} cannot be read: {error.strerror}.") from error
    if len(first) < SHORTEST:
        raise OperatorError(f"The passphrase in {told} is shorter than {SHORTEST} characters.")
    return first
