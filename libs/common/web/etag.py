"""ETags of versioned resources and ``If-Match``."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Header, Response

from common.errors import VersionConflict

IfMatch = Annotated[str | None, Header(alias="If-Match")]
Result = TypeVar("Result")

TRIES = 8


def check_version(if_match: str | None, version: int) -> None:
    """Raises VersionConflict when the caller names another version than the current one."""
    if if_match is None or if_match.strip() == "*":
        return
    named = {tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")}
    if str(version) not in named:
        raise VersionConflict()


def tag(response: Response, version: int) -> None:
    """Set the resource's ETag."""
    response.headers["ETag"] = f'"{version}"'


async def again_when_overtaken(change: Callable[[], Awaitable[Result]], if_match: str | None = None) -> Result:
    """Load, change and save in ``change``; once more on the newer state when somebody else was faster.

    Raises VersionConflict when the caller named a version, or after too many lost races.
    """
    for _ in range(TRIES - 1):
        try:
            return await change()
        except VersionConflict:
            if if_match is not None:
                raise
    return await change()
