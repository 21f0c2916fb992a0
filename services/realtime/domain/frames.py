"""The frames of a socket, in both directions."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_json

LARGEST_FRAME = 64 * 1024

MOST_UNREADABLE = 10
"""After so many frames in a row that say nothing, the client is not worth listening to."""

POLICY_VIOLATION = 1008
REVOKED = 4401
NOT_PERMITTED = 4403
SLOW = 4408
IDLE = 4409
TOO_MANY = 4429
"""Close codes beside those of RFC 6455."""

_Channel = str


class _Frame(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Subscribe(_Frame):
    """Hear these channels, or no longer."""

    type: Literal["subscribe", "unsubscribe"]
    channels: list[_Channel] = Field(min_length=1, max_length=100)


class Resume(_Frame):
    """Go on after ``cursor``; only as the first frame."""

    type: Literal["resume"]
    cursor: str = Field(max_length=120)
    channels: list[_Channel] = Field(min_length=1, max_length=100)


class Ping(_Frame):
    """Are you there?"""

    type: Literal["ping"]


ClientFrame = Subscribe | Resume | Ping
_READER: TypeAdapter[ClientFrame] = TypeAdapter(ClientFrame)


def read_frame(text: str) -> ClientFrame | None:
    """The frame, or None for what is none."""
    if len(text) > LARGEST_FRAME:  # characters; no valid frame comes near it
        return None
    try:
        return _READER.validate_json(text)
    except ValidationError:
        return None


def subscribed(channels: Sequence[str], refused: Sequence[tuple[str, str]], cursor: str | None) -> str:
    """What is heard from here on, and what is refused with which code."""
    told = [{"channel": channel, "code": code} for channel, code in refused]
    return _text({"type": "subscribed", "channels": list(channels), "refused": told, "cursor": cursor})


def unsubscribed(channels: Sequence[str]) -> str:
    """What is no longer heard."""
    return _text({"type": "unsubscribed", "channels": list(channels)})


def event_frame(channel: str, cursor: str, document: dict[str, Any]) -> str:
    """One event on one channel."""
    return _text({"type": "event", "channel": channel, "cursor": cursor, "event": document})


def error_frame(code: str) -> str:
    """Something was refused; the socket stays open."""
    return _text({"type": "error", "code": code})


PONG = '{"type":"pong"}'


def _text(frame: dict[str, Any]) -> str:
    return to_json(frame).decode()
