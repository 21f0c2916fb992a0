"""A hostile corpus: what no client of good faith sends, made from the valid bodies of the walk's table."""

import base64
import copy
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jwt

from dev.walk.forging import Forge

TOO_LARGE_BYTES = 20 * 1024 * 1024
DEPTH = 100_000
OPERATOR = {"$gt": ""}
QUANTITIES: tuple[Any, ...] = (0, -1, 10**9, 1.5, "1", True, OPERATOR)
AMOUNTS: tuple[Any, ...] = (1.5, "1", True, 10**30, OPERATOR)
NUMBERS: tuple[Any, ...] = (1.5, 10**30, OPERATOR)
TEXTS: tuple[Any, ...] = (OPERATOR, "nul\x00byte", ["x"], 17)
SECRETS = frozenset({"currentPassword", "newPassword", "password", "refreshToken", "token"})
"""Texts of which every character counts and none is shown again."""

JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Hostile:
    """One request, and the statuses of which one is right."""

    what: str
    content: bytes
    expected: frozenset[int]
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))


def bodies(valid: Any) -> Iterator[Hostile]:
    """The corpus for one route that takes ``valid``."""
    refused = frozenset({422})
    for what, changed in _changed(valid):
        yield Hostile(what, json.dumps(changed).encode(), refused)
    good = json.dumps(valid).encode()
    yield Hostile("an array", b"[]", refused)
    yield Hostile("a number", b"1", refused)
    yield Hostile("not a number", good[:-1] + b', "x": NaN}', frozenset({400, 422}))
    yield Hostile("broken JSON", good[:-1], frozenset({400}))
    yield Hostile("no UTF-8", b'{"name": "\xff\xfe"}', frozenset({400, 422}))
    yield Hostile("deep nesting", b"[" * DEPTH, frozenset({400}))
    yield Hostile("deep nesting inside", b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b"}", frozenset({400, 422}))
    yield Hostile("wrong content type", good, frozenset({415}), {"content-type": "text/plain"})
    yield Hostile("a form", b"a=b", frozenset({415}), {"content-type": "application/x-www-form-urlencoded"})
    yield Hostile("20 MB", b'{"x": "' + b"x" * TOO_LARGE_BYTES + b'"}', frozenset({413}))


def _changed(valid: Any) -> Iterator[tuple[str, Any]]:
    """The valid body with one thing wrong."""
    yield "an unknown field", {**valid, "isAdmin": True}
    yield "an operator as a field", {**valid, "$where": "1"}
    for path, value in _leaves(valid, ()):
        for wrong in _wrongs(path, value):
            yield f"{'.'.join(map(str, path))} = {wrong!r}"[:80], _with(valid, path, wrong)


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:1]):
            yield from _leaves(inner, (*path, index))
    else:
        yield path, value


def _wrongs(path: tuple[str | int, ...], value: Any) -> tuple[Any, ...]:
    name = path[-1]
    if isinstance(value, bool):
        return (OPERATOR, "perhaps")
    if isinstance(value, int):
        return {"quantity": QUANTITIES, "amount": AMOUNTS}.get(str(name), NUMBERS)
    if isinstance(value, str):
        return TEXTS if name not in SECRETS else (OPERATOR, ["x"], 17)
    return ()


def _with(valid: Any, path: tuple[str | int, ...], value: Any) -> Any:
    changed = copy.deepcopy(valid)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


def tokens(forge: Forge, good: str, stranger: Forge) -> Iterator[tuple[str, str]]:
    """Access tokens that say something false, named by what is wrong with them."""
    now = int(time.time())
    yield "no algorithm", _unsigned(good)
    yield "the public key as a shared secret", _symmetric(forge, good)
    yield "another signer", stranger.altered(good, header={"kid": forge.key_id})
    yield "an unknown key", stranger.altered(good)
    yield "wrong audience", forge.altered(good, aud="elsewhere")
    yield "wrong issuer", forge.altered(good, iss="elsewhere")
    yield "wrong type", forge.altered(good, header={"typ": "JWT"})
    yield "no type", forge.altered(good, header={"typ": None})
    yield "no expiry", forge.altered(good, exp=None)
    yield "expired", forge.altered(good, exp=now - 3600)
    yield "from the future", forge.altered(good, iat=now + 3600, nbf=now + 3600)
    yield "no subject", forge.altered(good, sub=None)
    yield "no session", forge.altered(good, sid=None)
    yield "an embedded key", stranger.altered(good, header={"jwk": {"kty": "OKP"}, "jku": "http://127.0.0.1:1/keys"})
    yield "cut off", good[:-10]
    yield "too long", good + "x" * 10_000
    yield "no token", "x"


def _unsigned(good: str) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "at+jwt"}).encode()).rstrip(b"=").decode()
    return f"{header}.{good.split('.')[1]}."


def _symmetric(forge: Forge, good: str) -> str:
    """Signed with HMAC over what everybody can read: the public key."""
    payload = jwt.decode(good, options={"verify_signature": False})
    header = base64.urlsafe_b64encode(
        json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": forge.key_id}).encode()
    ).rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=")
    key = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    public = forge.key.public_key().public_bytes_raw()
    signature = base64.urlsafe_b64encode(key.sign(header + b"." + body, public)).rstrip(b"=")
    return b".".join((header, body, signature)).decode()
