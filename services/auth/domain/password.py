"""Which passwords are refused (NIST SP 800-63B: length and known leaks, no rules of composition)."""

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from common.errors import Invalid

SHORTEST = 8
LONGEST = 128

LEAKED: frozenset[str] = frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= SHORTEST)


def check_password(password: str, field: str = "password") -> None:
    """Raises Invalid ``weak_password`` outside 8 to 128 characters, and for a known leaked one."""
    if not SHORTEST <= len(password) <= LONGEST:
        message = f"must have {SHORTEST} to {LONGEST} characters"
    elif password.lower() in LEAKED:
        message = "is among the passwords that attackers try first"
    else:
        return
    raise Invalid("weak_password", "This password is not accepted.", [(field, message)])
