"""What every service refuses of what it is sent, without I/O."""

import base64
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from common.errors import Invalid
from common.pagination import page_request
from common.web.schema import Instant, LongText, Search, Text


def cursor_of(*parts: Any) -> str:
    return base64.urlsafe_b64encode(to_json(parts)).decode().rstrip("=")


class TestCursor:
    @pytest.mark.parametrize(
        "cursor",
        [
            "%",
            cursor_of("-createdAt", "v", 10**30, "x"),
            cursor_of("-createdAt", "v", {"$gt": ""}, "x"),
            cursor_of("-createdAt", "v", 1, {"$gt": ""}),
            cursor_of("-createdAt", "t", "9999-12-31T23:59:59-14:00", "x"),
            cursor_of("-createdAt", "t", "0001-01-01T00:00:00+14:00", "x"),
            cursor_of("-name", "v", "a", "x"),
            cursor_of(1, 2),
        ],
    )
    def test_that_was_forged_is_refused(self, cursor: str) -> None:
        with pytest.raises(Invalid) as refused:
            page_request(20, cursor, None, ("name", "createdAt"))
        assert refused.value.code == "invalid_cursor"


class TestInstant:
    def test_is_utc_from_there_on(self) -> None:
        assert TypeAdapter(Instant).validate_python("2026-01-31T12:00:00+02:00").isoformat() == (
            "2026-01-31T10:00:00+00:00"
        )

    @pytest.mark.parametrize(
        "sent",
        ["2026-01-31T12:00:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", 0, 1.5, True, "soon"],
    )
    def test_refuses_what_no_calendar_holds(self, sent: Any) -> None:
        with pytest.raises(ValidationError):
            TypeAdapter(Instant).validate_python(sent)


class TestText:
    @pytest.mark.parametrize("kind", [Text, LongText, Search])
    @pytest.mark.parametrize("sent", ["a\x00b", "half \ud800 of a pair"])
    def test_refuses_what_cannot_be_stored(self, kind: Any, sent: str) -> None:
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(sent)

    def test_takes_every_script(self) -> None:
        assert TypeAdapter(Text).validate_python(" Größe 👍🏽 ﷽ ") == "Größe 👍🏽 ﷽"

    def test_spaces_alone_are_no_text(self) -> None:
        with pytest.raises(ValidationError):
            TypeAdapter(Text).validate_python("  ")
