"""Which passwords are refused (NIST SP 800-63B: length and known leaks, no rules of composition)."""

import runpy
from importlib.util import find_spec
from pathlib import Path

from common.errors import Invalid

SHORTEST = 8
LONGEST = 128


def _leaked_words() -> str:
    """zxcvbn's 30,000 most frequent leaked passwords, comma-separated.

    Its data file alone is run: importing the package ranks all of its dictionaries, which takes 8 MB.
    """
    package = find_spec("zxcvbn")
    assert package is not None and package.origin is not None
    lists = runpy.run_path(str(Path(package.origin).with_name("frequency_lists.py")))["FREQUENCY_LISTS"]
    words = [word for word in lists["passwords"] if len(word) >= SHORTEST]
    return f",{','.join(words)},"


LEAKED = _leaked_words()


def is_leaked(password: str) -> bool:
    """Whether attackers try this one first, in whatever case."""
    return "," not in password and f",{password.lower()}," in LEAKED


def check_password(password: str, field: str = "password") -> None:
    """Raises Invalid ``weak_password`` outside 8 to 128 characters, and for a known leaked one."""
    if not SHORTEST <= len(password) <= LONGEST:
        message = f"must have {SHORTEST} to {LONGEST} characters"
    elif is_leaked(password):
        message = "is among the passwords that attackers try first"
    else:
        return
    raise Invalid("weak_password", "This password is not accepted.", [(field, message)])
