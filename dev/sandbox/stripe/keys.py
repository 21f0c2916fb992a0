"""API keys. A key is its account: whoever calls with the same key sees the same objects."""

import base64
import binascii
import hashlib

from dev.sandbox.stripe.refusals import Refusal

TEST_PREFIXES = ("sk_test_", "rk_test_")


def account_of(authorization: str) -> str:
    """The account behind a Bearer or Basic header; raises Refusal (401) where there is none."""
    scheme, _, credentials = authorization.partition(" ")
    key = ""
    if scheme.lower() == "bearer":
        key = credentials.strip()
    elif scheme.lower() == "basic":
        key = _user_of(credentials)
    if not key:
        raise _unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header,"
            " using Bearer auth."
        )
    if key.startswith(("sk_live_", "rk_live_")):
        raise _unauthorized("A live key reached the local sandbox. Only test keys are taken here.")
    if not key.startswith(TEST_PREFIXES) or len(key) == len(TEST_PREFIXES[0]):
        raise _unauthorized("Invalid API Key provided.")
    return f"acct_{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _user_of(credentials: str) -> str:
    try:
        decoded = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded.partition(":")[0]


def _unauthorized(message: str) -> Refusal:
    return Refusal(message, status=401, before_effect=True)
