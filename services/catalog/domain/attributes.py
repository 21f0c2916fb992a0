"""Attributes of products: a flat map from a name to text, a number or yes-no, and how lists filter by them."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from common.errors import Invalid

ATTRIBUTES_LIMIT = 100
LARGEST_WHOLE = 2**53

_NAME = re.compile(r"[^\W_][\w -]{0,49}")

AttributeValue = (
    StrictBool
    | Annotated[StrictInt, Field(ge=-LARGEST_WHOLE, le=LARGEST_WHOLE)]
    | Annotated[StrictFloat, Field(allow_inf_nan=False)]
    | Annotated[StrictStr, Field(max_length=500)]
)
Attributes = dict[str, AttributeValue]


def is_attribute_name(name: str) -> bool:
    """Letters, digits, space, hyphen and underscore, 50 at most: nothing that a database reads as an operator."""
    return _NAME.fullmatch(name) is not None


def check_attributes(attributes: Mapping[str, object]) -> None:
    """Raises Invalid ``invalid_attributes`` for too many, for a bad name, or for text that cannot be stored."""
    bad = [(name, "is not a good name") for name in attributes if not is_attribute_name(name)]
    bad += [(name, "must not contain such a character") for name, value in attributes.items() if not _is_text(value)]
    if bad or len(attributes) > ATTRIBUTES_LIMIT:
        fields = [(f"attributes.{name}"[:100], message) for name, message in bad[:20]]
        raise Invalid("invalid_attributes", f"At most {ATTRIBUTES_LIMIT} attributes with plain names.", fields)


def merged(attributes: Attributes, patch: Mapping[str, AttributeValue | None]) -> Attributes:
    """``attributes`` after a merge patch (RFC 7396): null takes one out, others are set."""
    together = {**attributes, **patch}
    return {name: value for name, value in together.items() if value is not None}


def facets(attributes: Attributes, chosen: Iterable[Mapping[str, str]] = ()) -> list[str]:
    """``name=value`` of each attribute and of each variant's options: one indexed array answers any filter."""
    spelled = [f"{name}={_spelled(value)}" for name, value in attributes.items()]
    options = [f"{name}={value}" for options in chosen for name, value in options.items()]
    return list(dict.fromkeys([*spelled, *options]))


def wanted_facets(name: str, values: list[str]) -> list[str]:
    """The facets that a filter accepts: each value as written, and as a number where it is one."""
    spellings = {spelling for value in values for spelling in (value, _as_number(value))}
    return [f"{name}={spelling}" for spelling in sorted(spellings)]


def _is_text(value: object) -> bool:
    """Whether a database takes it: neither NUL nor half of a surrogate pair."""
    return not isinstance(value, str) or not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in value)


def _spelled(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _as_number(repr(value)) if isinstance(value, int | float) else value


def _as_number(text: str) -> str:
    """``1.50`` as ``1.5`` and ``42.0`` as ``42``; anything else as it stands."""
    if re.fullmatch(r"-?\d{1,15}\.\d{1,15}", text):
        return text.rstrip("0").removesuffix(".")
    return text
