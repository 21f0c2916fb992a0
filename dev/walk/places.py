"""Dotted places in bodies, and answers that are given row by row."""

import copy
from typing import Any

import httpx2


def replaced(body: Any, place: str, value: str) -> Any:
    """The body with another value at a place such as ``items.0.productId``; what is not there yet is made."""
    changed = copy.deepcopy(body)
    *path, last = place.split(".")
    inner = changed
    for step, following in zip(path, place.split(".")[1:], strict=True):
        inner = _within(inner, step, [] if following.isdigit() else {})
    if isinstance(inner, list):
        inner[int(last) :] = [value]
    else:
        inner[last] = value
    return changed


def _within(inner: Any, step: str, empty: Any) -> Any:
    if isinstance(inner, list):
        return inner[int(step)]
    return inner.setdefault(step, empty)


def is_all_rejected(answer: httpx2.Response) -> bool:
    """Whether this is a batch of which no row was accepted, each with its problem."""
    if answer.status_code != 200 or not answer.text.startswith('{"results"'):
        return False
    rows = answer.json().get("results")
    if not isinstance(rows, list) or not rows:
        return False
    return all(row["status"] == "rejected" and row["problem"]["code"] for row in rows)
