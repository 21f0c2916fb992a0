"""Reading requests to the sandbox's own routes."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

BODY_LIMIT_BYTES = 64 * 1024


async def read_body(request: Request) -> bytes:
    """The whole body; raises HTTPException (413) where it is too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            raise HTTPException(413, "The body is too large.")
    return body


def from_elsewhere(request: Request) -> bool:
    """A page of another site may not change the sandbox through a developer's browser."""
    return request.headers.get("sec-fetch-site", "none") in ("cross-site", "same-site")
