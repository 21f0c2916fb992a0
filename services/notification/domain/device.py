"""Devices that take push messages, and addresses that take nothing any more."""

from datetime import datetime
from typing import Literal

from common.aggregate import Aggregate
from common.events.messages import AddressReleased, AddressSuppressed, DeviceRegistered, DeviceRemoved
from services.notification.domain.message import Channel

Platform = Literal["android", "ios", "web"]

DEVICES_LIMIT = 20
"""Devices of one person; one more takes the place of the oldest."""


class Device(Aggregate):
    """A device of one person. The token is the provider's and is never shown or announced."""

    user_id: str
    customer_id: str | None = None
    token: str
    platform: Platform
    active: bool = True
    removed_at: datetime | None = None

    def announce(self) -> None:
        """It takes messages from now on."""
        self.record(DeviceRegistered(device_id=self.id, user_id=self.user_id, platform=self.platform))

    def remove(self, now: datetime, reason: Literal["removed", "unregistered"]) -> None:
        """It takes no more messages; the token is forgotten, the entry stays until its event has left."""
        self.active, self.token, self.removed_at = False, "", now
        self.record(DeviceRemoved(device_id=self.id, user_id=self.user_id, reason=reason))


class Suppression(Aggregate):
    """A dead address of one channel: nothing more is sent to it until staff take the entry away."""

    channel: Channel
    address: str
    reason: str
    notification_id: str
    active: bool = True
    removed_at: datetime | None = None

    def announce(self) -> None:
        """Nothing is sent there from now on."""
        self.record(
            AddressSuppressed(suppression_id=self.id, channel=self.channel, notification_id=self.notification_id)
        )

    def release(self, now: datetime) -> None:
        """It is sent to again; the entry stays until its event has left."""
        self.active, self.removed_at = False, now
        self.record(AddressReleased(suppression_id=self.id, channel=self.channel))
