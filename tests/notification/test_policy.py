"""Rules of ways, reports and texts, without any server."""

from datetime import UTC, datetime
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Invalid, InvalidTransition
from services.notification.domain import Channel, Contacts, Notification, Priority, Recipient
from services.notification.domain.days import span
from services.notification.domain.policy import KINDS, reach_of, ways_of
from services.notification.domain.reports import is_further, outcome_of
from services.notification.domain.templates import SMS_LENGTH, Text, as_html, as_sms
from tests.notification.test_domain import NOW, notification

ALL: set[Channel] = set(get_args(Channel))
REPORTS = ["queued", "sending", "sent", "delivered", "read", "undelivered", "failed"]


class TestWays:
    @given(st.sets(st.sampled_from(sorted(ALL))), st.sets(st.sampled_from(sorted(ALL))), st.sampled_from(sorted(KINDS)))
    def test_hold_only_channels_that_are_open_and_reach(
        self, reach: set[Channel], configured: set[Channel], kind: str
    ) -> None:
        for way in ways_of(kind, reach, configured):
            assert way
            assert set(way) <= reach & configured
            assert len(way) == len(set(way))

    def test_send_one_message_by_one_way(self) -> None:
        assert ways_of("order_confirmation", {"email", "in_app"}, ALL) == [["email", "in_app"]]
        assert ways_of("order_confirmation", {"in_app"}, ALL) == [["in_app"]]
        assert ways_of("order_confirmation", set(), ALL) == []

    @pytest.mark.parametrize("kind", ["password_reset", "email_verification", "email_change", "account_locked"])
    def test_let_a_secret_leave_by_mail_alone(self, kind: str) -> None:
        assert ways_of(kind, ALL, ALL) == [["email"]]

    def test_reach_nobody_without_an_address(self) -> None:
        assert reach_of(Recipient(), Contacts(), has_device=False) == set()


class TestFallback:
    @pytest.mark.parametrize(("priority", "tries"), [("critical", 1), ("important", 3), ("normal", 3)])
    def test_leaves_a_failing_channel_by_priority(self, priority: Priority, tries: int) -> None:
        message = notification()
        message.priority, message.route = priority, ["sms"]
        for number in range(1, tries + 1):
            assert message.channel == "email"
            message.note_failed(NOW, f"try {number}")
        assert (message.channel, message.status, message.next_attempt_at) == ("sms", "queued", NOW)

    def test_stays_with_a_channel_that_may_have_it(self) -> None:
        message = notification()
        message.priority, message.route = "important", ["sms"]
        for _ in range(5):
            message.note_failed(NOW, "lost", unsure=True)
        assert (message.channel, message.unsure) == ("email", True)

    def test_stops_when_the_first_channel_turns_out_to_have_worked(self) -> None:
        message = notification()
        message.route = ["in_app"]
        message.note_sent(NOW, "SM1")
        message.take_report(NOW, "SM1", "undelivered", "bounced", "30003")
        assert (message.channel, message.status) == ("in_app", "queued")
        message.note_sent(NOW)
        assert [event.TYPE for event in message.recorded] == ["notification.sent", "notification.sent"]

    def test_ends_after_the_last_channel(self) -> None:
        message = notification()
        message.route = ["sms"]
        message.note_refused(NOW, "550")
        message.note_refused(NOW, "21614")
        assert (message.status, message.next_attempt_at) == ("bounced", None)
        assert [event.TYPE for event in message.recorded] == ["notification.failed"]


class TestReports:
    @given(st.lists(st.sampled_from(REPORTS), max_size=12))
    def test_never_go_back(self, reports: list[str]) -> None:
        order = ["queued", "sent", "delivered", "opened"]
        message = notification()
        message.note_sent(NOW, "SM1")
        seen = [message.status]
        for status in reports:
            if is_further(status, message.attempts[0].reported):
                message.take_report(NOW, "SM1", status, outcome_of(status), None)
            seen.append(message.status)
        ended = [status for status in seen if status not in ("bounced", "failed")]
        assert ended == sorted(ended, key=order.index)
        lost = [number for number, status in enumerate(seen) if status in ("bounced", "failed")]
        assert not lost or set(seen[lost[0] :]) == {seen[lost[0]]}

    def test_of_another_message_change_nothing(self) -> None:
        message = notification()
        message.note_sent(NOW, "SM1")
        assert not message.take_report(NOW, "SM2", "delivered", "delivered", None)
        assert message.status == "sent"


class TestTryAgain:
    @pytest.mark.parametrize("status", ["queued", "sent", "delivered", "opened", "bounced"])
    def test_is_for_failed_messages_alone(self, status: str) -> None:
        message: Notification = notification().model_copy(update={"status": status})
        with pytest.raises(InvalidTransition):
            message.try_again(NOW, ["email"])
        assert message.status == status


class TestTexts:
    @given(st.text())
    def test_of_people_are_text_in_html(self, name: str) -> None:
        shown = as_html(f"Hello {name}")
        inner = shown.split("<p>", 1)[1]
        for tag in ("<script", "<img", "<b>"):
            assert tag not in inner

    def test_make_links_of_addresses_and_nothing_else(self) -> None:
        shown = as_html('See https://shop.example/a?b=1&c="><script>alert(1)</script>')
        assert '<a href="https://shop.example/a?b=1&amp;c=">' in shown
        assert "<script" not in shown
        assert "javascript:" not in as_html("javascript:alert(1)") or "href" not in as_html("javascript:alert(1)")

    @given(st.text(max_size=3000))
    def test_fit_into_a_short_message(self, body: str) -> None:
        assert len(as_sms(Text("s", body))) <= SMS_LENGTH


class TestSpan:
    def test_takes_days_as_the_company_has_them(self) -> None:
        found = span("2026-03-29", "2026-03-29", ZoneInfo("Europe/Berlin"))
        assert found == {
            "$gte": datetime(2026, 3, 28, 23, tzinfo=UTC),
            "$lt": datetime(2026, 3, 29, 22, tzinfo=UTC),  # the clocks went forward: a day of 23 hours
        }

    @pytest.mark.parametrize("value", ["yesterday", "2026-02-30", "2026-01-01T00:00:00", "0001-01-01", "9999-12-31"])
    def test_refuses_what_is_no_time(self, value: str) -> None:
        with pytest.raises(Invalid):
            span(value, None, ZoneInfo("UTC"))
