"""Text messages through Twilio's own SDK."""

from datetime import UTC, datetime, timedelta

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from .conftest import Sandbox, until
from .test_rules import put

ACCOUNT, TOKEN = "AC" + "0" * 32, "token"
FROM = "+15005550006"


def text_client(sandbox: Sandbox, *, token: str = TOKEN) -> Client:
    """The real client, told where Twilio is."""
    client = Client(ACCOUNT, token)
    client.api.base_url = sandbox.url
    return client


class TestCreate:
    async def test_is_queued_then_delivered_then_redacted(self, sandbox: Sandbox) -> None:
        client = text_client(sandbox)
        made = client.messages.create(to="+447700900123", from_=FROM, body="Hello")
        assert (made.status, made.error_code, made.to) == ("queued", None, "+447700900123")

        async def delivered() -> bool:
            return bool(client.messages(made.sid).fetch().status == "delivered")

        await until(delivered)
        assert client.messages(made.sid).update(body="").body == ""

    @pytest.mark.parametrize(
        ("number", "status", "code"),
        [
            ("12", 400, 21211),
            ("+15005550001", 400, 21211),
            ("+15005550004", 400, 21610),
            ("+15005550009", 400, 21614),
            ("+15005550029", 429, 20429),
        ],
    )
    async def test_numbers_that_are_refused(self, sandbox: Sandbox, number: str, status: int, code: int) -> None:
        with pytest.raises(TwilioRestException) as refused:
            text_client(sandbox).messages.create(to=number, from_=FROM, body="Hello")
        assert (refused.value.status, refused.value.code) == (status, code)
        assert (await sandbox.get("/_inspect/messages"))["total"] == 0

    async def test_a_wrong_token_is_refused(self, sandbox: Sandbox) -> None:
        text_client(sandbox).messages.list()
        with pytest.raises(TwilioRestException) as refused:
            text_client(sandbox, token="wrong").messages.create(to="+447700900123", from_=FROM, body="Hello")
        assert (refused.value.status, refused.value.code) == (401, 20003)

    async def test_a_lost_answer_leaves_a_message_to_be_found(self, sandbox: Sandbox) -> None:
        client = text_client(sandbox)
        await put(sandbox, provider="twilio", operation="messages.create", fault="drop_after", times=1)
        with pytest.raises((TwilioException, OSError)):
            client.messages.create(to="+447700900123", from_=FROM, body="Hello")
        assert [each.body for each in client.messages.list(to="+447700900123")] == ["Hello"]


class TestList:
    async def test_by_number_and_time_over_pages(self, sandbox: Sandbox) -> None:
        client = text_client(sandbox)
        for number in range(5):
            client.messages.create(to="+447700900123", from_=FROM, body=f"No. {number}")
        client.messages.create(to="+447700900999", from_=FROM, body="Another")
        listed = client.messages.list(to="+447700900123", page_size=2)
        assert [each.body for each in listed] == [f"No. {number}" for number in reversed(range(5))]
        now = datetime.now(UTC)
        assert len(client.messages.list(date_sent_after=now - timedelta(minutes=1))) == 6
        assert client.messages.list(date_sent_after=now + timedelta(minutes=1)) == []

    async def test_inspection_counts_distinct_ones(self, sandbox: Sandbox) -> None:
        client = text_client(sandbox)
        for body in ("One", "One", "Two"):
            client.messages.create(to="+447700900123", from_=FROM, body=body)
        found = await sandbox.get("/_inspect/messages", to="+447700900123")
        assert (found["total"], found["distinctBodies"], found["distinctNumbers"]) == (3, 2, 1)
