"""ETags of versioned resources and ``If-Match``."""

from typing import Annotated

from fastapi import Header, Response

from common.errors import VersionConflict

IfMatch = Annotated[str | None, Header(alias="If-Match")]


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
