"""Stripe's form encoding (`a[b][0]=c`) and the typed reading of what it carries."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from dev.sandbox.stripe.refusals import Json, Refusal, invalid_param, missing_param, unknown_param

FIELD_LIMIT = 1_000
DEPTH_LIMIT = 6
AMOUNT_LIMIT_MINOR = 99_999_999  # eight digits, Stripe's own limit

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")
_INTEGER = re.compile(r"^-?\d{1,18}$")
_CURRENCY = re.compile(r"^[a-z]{3}$")


def decode_form(encoded: str) -> Json:
    """Nested parameters of a form body or query string; raises Refusal where it is malformed."""
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, max_num_fields=FIELD_LIMIT, errors="strict")
    except ValueError as error:
        raise Refusal("The request's parameters could not be read.", before_effect=True) from error
    root: Json = {}
    for key, value in pairs:
        _put(root, _path(key), value)
    return {key: _listed(value) for key, value in root.items()}


def _path(key: str) -> list[str]:
    match = _KEY.match(key)
    if match is None:
        raise invalid_param(key, f"Invalid parameter name: {key[:80]}")
    path = [match.group(1), *_PART.findall(match.group(2))]
    if len(path) > DEPTH_LIMIT:
        raise invalid_param(path[0], f"Parameter is nested too deeply: {path[0]}")
    return path


def _put(root: Json, path: list[str], value: str) -> None:
    place = root
    for part in path[:-1]:
        below = place.setdefault(part or str(len(place)), {})
        if not isinstance(below, dict):
            raise invalid_param(path[0], f"Invalid object: {path[0]}")
        place = below
    last = path[-1] or str(len(place))
    if isinstance(place.get(last), dict):
        raise invalid_param(path[0], f"Invalid object: {path[0]}")
    place[last] = value


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdecimal() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(below) for key, below in value.items()}


def names(listed: str) -> frozenset[str]:
    """The parameter names in a list separated by blanks."""
    return frozenset(listed.split())


def refuse_unknown(params: Json, known: Iterable[str]) -> None:
    """Raises Refusal on the first parameter that is not among `known`."""
    for name in params:
        if name not in known:
            raise unknown_param(name)


def text(params: Json, name: str, *, limit: int = 5_000) -> str | None:
    """A string, None where absent or blank."""
    value = params.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > limit:
        raise invalid_param(name, f"Invalid string: {name}")
    return value


def required_text(params: Json, name: str) -> str:
    """A string that must be there."""
    value = text(params, name)
    if value is None:
        raise missing_param(name)
    return value


def integer(params: Json, name: str) -> int | None:
    """A whole number, None where absent."""
    value = params.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not _INTEGER.match(value):
        raise invalid_param(name, f"Invalid integer: {value}", code="parameter_invalid_integer")
    return int(value)


def amount(params: Json, name: str) -> int | None:
    """A positive amount in minor units, None where absent."""
    value = integer(params, name)
    if value is None:
        return None
    if value < 1:
        raise invalid_param(name, "This value must be greater than or equal to 1.", code="parameter_invalid_integer")
    if value > AMOUNT_LIMIT_MINOR:
        raise invalid_param(name, "Amount must be no more than 99999999.", code="amount_too_large")
    return value


def boolean(params: Json, name: str) -> bool:
    """True or false; false where absent."""
    value = params.get(name)
    if value in (None, "", "false"):
        return False
    if value != "true":
        raise invalid_param(name, f"Invalid boolean: {value}")
    return True


def currency(params: Json) -> str:
    """An ISO 4217 code in lower case."""
    value = required_text(params, "currency").lower()
    if not _CURRENCY.match(value):
        raise invalid_param("currency", f"Invalid currency: {value[:20]}")
    return value


def choice(params: Json, name: str, known: tuple[str, ...], default: str | None = None) -> str | None:
    """One of `known`, `default` where absent."""
    value = text(params, name)
    if value is None:
        return default
    if value not in known:
        raise invalid_param(name, f"Invalid {name}: must be one of {', '.join(known)}")
    return value


def metadata(params: Json, current: dict[str, str] | None = None) -> dict[str, str]:
    """`current` with the sent keys merged in; a blank value takes its key away, blank metadata takes all."""
    sent = params.get("metadata")
    if sent == "":
        return {}
    merged = dict(current or {})
    if sent is None:
        return merged
    if not isinstance(sent, dict) or any(not isinstance(value, str) for value in sent.values()):
        raise invalid_param("metadata", "Invalid metadata: a flat object of strings is needed")
    merged.update(sent)
    kept = {key: value for key, value in merged.items() if value != ""}
    if len(kept) > 50 or any(len(key) > 40 or len(value) > 500 for key, value in kept.items()):
        raise invalid_param("metadata", "Metadata takes 50 keys of 40 characters with 500 each.")
    return kept
