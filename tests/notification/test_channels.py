"""The contract of every channel, held with the real SDKs against the sandbox; and a provider that is stuck."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from common.ids import new_id
from common.testing import Harness, Infrastructure
from services.notification.clients import ChannelPort, NotHandedOver, Refused, open_channels, twilio
from services.notification.domain import Channel, Outgoing
from services.notification.settings import Settings
from tests.notification.conftest import free_port
from tests.notification.facts import confirmed, found_company, meet_customer, settled
from tests.notification.sandbox import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")

TAKES: dict[Channel, str] = {
    "email": "somebody@x.example",
    "sms": "+4915123456789",
    "push": "a-token-that-works",
    "in_app": "usr_1",
}
DEAD: dict[Channel, str] = {
    "email": "bounce-1@x.example",
    "sms": "+15005550009",
    "push": "unregistered-1",
}
REFUSED: dict[Channel, str] = {"email": "a\nb@x.example", "sms": "+15005550002", "push": "invalid-1"}
LATER: dict[Channel, str] = {"email": "defer-1@x.example", "sms": "+15005550029", "push": "unavailable-1"}


def outgoing(to: str) -> Outgoing:
    return Outgoing(
        to, "Hello", "Hello there", "<p>Hello there</p>", new_id("ntf"), datetime.now(UTC), {"type": "test"}
    )


def settings(**environment: str) -> Settings:
    return Settings.model_validate({"MONGO_URL": "mongodb://none", "AMQP_URL": "amqp://none", **environment})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def channels(sandbox: Sandbox) -> AsyncIterator[dict[Channel, ChannelPort]]:
    opened = open_channels(settings(**sandbox.providers))
    yield opened
    for channel in opened.values():
        await channel.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nowhere(sandbox: Sandbox) -> AsyncIterator[dict[Channel, ChannelPort]]:
    """Channels whose providers do not answer at all."""
    closed = free_port()
    url = f"http://127.0.0.1:{closed}"
    credentials = sandbox.providers["FIREBASE_CREDENTIALS"].replace(sandbox.url, url)
    environment = {**sandbox.providers, "SMTP_PORT": str(closed), "TWILIO_API_BASE": url}
    opened = open_channels(settings(**{**environment, "FIREBASE_CREDENTIALS": credentials}))
    yield opened
    for channel in opened.values():
        await channel.close()


class TestEveryChannel:
    @pytest.mark.parametrize("channel", TAKES)
    async def test_takes_a_message(self, channels: dict[Channel, ChannelPort], channel: Channel) -> None:
        receipt = await channels[channel].send(outgoing(TAKES[channel]), repeated=False)
        assert (receipt.provider_id is None) == (channel in ("email", "in_app"))

    @pytest.mark.parametrize("channel", TAKES)
    async def test_takes_a_repetition(self, channels: dict[Channel, ChannelPort], channel: Channel) -> None:
        receipt = await channels[channel].send(outgoing(TAKES[channel]), repeated=True)
        assert (receipt.provider_id is None) == (channel in ("email", "in_app"))

    @pytest.mark.parametrize("channel", DEAD)
    async def test_knows_a_dead_address(self, channels: dict[Channel, ChannelPort], channel: Channel) -> None:
        with pytest.raises(Refused) as refused:
            await channels[channel].send(outgoing(DEAD[channel]), repeated=False)
        assert refused.value.dead_address

    @pytest.mark.parametrize("channel", REFUSED)
    async def test_takes_a_no_for_one_message_as_no_more(
        self, channels: dict[Channel, ChannelPort], channel: Channel
    ) -> None:
        with pytest.raises(Refused) as refused:
            await channels[channel].send(outgoing(REFUSED[channel]), repeated=False)
        assert not refused.value.dead_address

    @pytest.mark.parametrize("address", ["", "nobody", "@", "a@", "ü ö@x.example", "a@b@c", "<>", "a,b"])
    async def test_refuses_or_takes_any_address_a_record_may_hold(
        self, channels: dict[Channel, ChannelPort], address: str
    ) -> None:
        for channel in ("email", "sms", "push"):
            with contextlib.suppress(Refused, NotHandedOver):
                await channels[channel].send(outgoing(address), repeated=False)
        receipt = await channels["email"].send(outgoing(TAKES["email"]), repeated=False)
        assert receipt.provider_id is None, "the connection is still of use"

    @pytest.mark.parametrize("channel", LATER)
    async def test_hears_when_it_is_to_come_again(self, channels: dict[Channel, ChannelPort], channel: Channel) -> None:
        with pytest.raises(NotHandedOver) as later:
            await channels[channel].send(outgoing(LATER[channel]), repeated=False)
        assert not later.value.unsure

    @pytest.mark.parametrize("channel", DEAD)
    async def test_is_sure_that_nobody_has_it_where_nobody_listens(
        self, nowhere: dict[Channel, ChannelPort], channel: Channel
    ) -> None:
        with pytest.raises(NotHandedOver) as away:
            await nowhere[channel].send(outgoing(TAKES[channel]), repeated=False)
        assert not away.value.unsure


@pytest.fixture(scope="module")
def stuck() -> Iterator[str]:
    """A provider that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hampered(infrastructure: Infrastructure, sandbox: Sandbox, stuck: str) -> AsyncIterator[Harness]:
    environment = {
        **sandbox.providers,
        "TWILIO_API_BASE": stuck,
        "MARKETHALL_SERVICE_URL_TEMPLATE": "http://127.0.0.1:9",
    }
    async with Harness("notification", infrastructure, **environment) as harness:
        yield harness


class TestStuckProvider:
    async def test_holds_up_no_other_channel_and_is_left_for_the_next_one(
        self, hampered: Harness, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        company_id, address = await found_company(hampered), f"{new_id('a')}@x.example"
        texted = await meet_customer(hampered, company_id, phone="+4915100000001", user_id="usr_t")
        mailed = await meet_customer(hampered, company_id, email=address, user_id="usr_m")
        for _ in range(6):
            await hampered.publish(confirmed(None, texted), company_id)
        lane = hampered.service.delivering.lanes["sms"]
        async with asyncio.timeout(10):
            while lane.free > 1:
                await asyncio.sleep(0.02)
        for _ in range(3):
            await hampered.publish(confirmed(address, mailed), company_id)
        sent = await settled(hampered, company_id, 3)
        assert {each["channel"] for each in sent} == {"email"}
        assert len(sandbox.mails(address)) == 3
        waiting = {"companyId": company_id, "channel": "sms", "status": "queued"}
        assert await hampered.service.notifications.collection.count_documents(waiting) == 6
        assert lane.free >= 1, "the last place is kept for what is critical"

    async def test_is_not_waited_for_longer_than_the_deadline(
        self, hampered: Harness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(twilio, "DEADLINE_SECONDS", 0.3)
        port = hampered.service.delivering.lanes["sms"].port
        with pytest.raises(NotHandedOver) as late:
            await port.send(outgoing(TAKES["sms"]), repeated=False)
        assert late.value.unsure
