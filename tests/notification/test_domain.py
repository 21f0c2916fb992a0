"""Rules of messages."""

from datetime import UTC, datetime

import pytest

from common.money import Money
from services.notification.domain import Notification, Recipient, Reference
from services.notification.domain.message import RETRY_SECONDS
from services.notification.domain.templates import amount, greeted, render

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def notification() -> Notification:
    return Notification(
        id="ntf_1",
        company_id="cmp_1",
        created_at=NOW,
        updated_at=NOW,
        event_id="evt_1",
        type="welcome",
        channel="email",
        way="email",
        priority="normal",
        rank=2,
        status="queued",
        recipient=Recipient(address="a@b.example"),
        recipient_key="a@b.example",
        subject="s",
        body="b",
        reference=Reference(type="user", id="usr_1"),
    )


class TestNoteFailed:
    def test_waits_longer_each_time_and_then_gives_up(self) -> None:
        message = notification()
        for pause in RETRY_SECONDS:
            message.note_failed(NOW, "451 later")
            assert message.status == "queued"
            assert message.next_attempt_at is not None
            assert (message.next_attempt_at - NOW).total_seconds() == pause
        message.note_failed(NOW, "451 later")
        assert (message.status, message.next_attempt_at) == ("failed", None)
        assert [event.TYPE for event in message.recorded] == ["notification.failed"]


class TestNoteRefused:
    def test_bounces_at_once(self) -> None:
        message = notification()
        message.note_refused(NOW, "550 no such user")
        assert (message.status, len(message.attempts)) == ("bounced", 1)


class TestRender:
    def test_keeps_a_subject_on_one_line(self) -> None:
        text = render("welcome", company="Evil\r\nBcc: all@example", name="N")
        assert "\n" not in text.subject
        assert "\r" not in text.subject

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("Dr. Ada King-Noël", "Dr. Ada King-Noël"),
            ("J.R. Smith", "J. R. Smith"),
            ("Win https://evil.example/now", "Win https evil. example now"),
            ("www.evil.example\r\n\r\nhttp://b", "www. evil. example http b"),
            ("a" * 300, "a" * 80),
            (None, ""),
        ],
    )
    def test_greets_by_a_name_that_is_no_link(self, name: str | None, shown: str) -> None:
        assert greeted(name) == shown

    def test_interprets_nothing_in_values(self) -> None:
        assert "$company" in render("welcome", company="$company", name="{0}").subject


class TestAmount:
    @pytest.mark.parametrize(
        ("minor", "currency", "shown"),
        [(1999, "EUR", "19.99 EUR"), (5, "GBP", "0.05 GBP"), (300, "JPY", "300 JPY"), (1, "KWD", "0.001 KWD")],
    )
    def test_follows_the_currency(self, minor: int, currency: str, shown: str) -> None:
        assert amount(Money(amount=minor, currency=currency)) == shown
