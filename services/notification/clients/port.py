"""What every channel to the outside can do, and how it says no."""

from typing import Protocol

from services.notification.domain import Outgoing, Receipt

DEADLINE_SECONDS = 15


class Refused(Exception):
    """The message was refused for good. ``dead_address``: nothing sent there later would be taken either."""

    def __init__(self, reason: str, *, dead_address: bool = False) -> None:
        super().__init__(reason)
        self.dead_address = dead_address


class NotHandedOver(Exception):
    """The provider could not be reached, or asked to come again. ``unsure``: it may have the message all the same."""

    def __init__(self, reason: str, *, unsure: bool = False) -> None:
        super().__init__(reason)
        self.unsure = unsure


class ChannelPort(Protocol):
    """Whoever takes a message on its way."""

    async def send(self, message: Outgoing, *, repeated: bool) -> Receipt:
        """Hand over one message. ``repeated``: an earlier try may have arrived. Raises Refused or NotHandedOver."""
        ...

    async def close(self) -> None:
        """Take leave of the provider."""
        ...
