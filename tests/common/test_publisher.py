"""What the broker confirms has reached the feed; on the real broker."""

import aio_pika
import pytest
from pydantic import SecretStr

from common.events.tenancy import ShopCreated
from common.messaging.connection import BrokerConnection
from common.messaging.publisher import Publisher, PublishUnconfirmed
from common.messaging.topology import declare_all
from common.testing import Infrastructure

pytestmark = pytest.mark.asyncio


class TestPublish:
    async def test_waits_for_the_feed_of_a_broker_that_has_just_started(self, infrastructure: Infrastructure) -> None:
        feed = await declare_all(infrastructure.amqp_url, {"inventory": [ShopCreated.TYPE]})
        connection = BrokerConnection(SecretStr(infrastructure.amqp_url), "test publishes")
        administrator = await aio_pika.connect(infrastructure.amqp_url)
        async with administrator:
            await (await administrator.channel()).queue_delete(feed)
            publisher = Publisher(connection)
            for _ in range(2):
                with pytest.raises(PublishUnconfirmed, match="no queue"):
                    await publisher.publish(ShopCreated.TYPE, [])
        assert await declare_all(infrastructure.amqp_url, {}) == feed
        await publisher.publish(ShopCreated.TYPE, [])
        await connection.close()
