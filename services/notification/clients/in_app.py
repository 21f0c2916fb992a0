"""The console and the storefront: what is stored is what is shown, so nobody has to take it."""

from services.notification.domain import Outgoing, Receipt


class InApp:
    """A message is delivered by being in the list of its recipient."""

    async def send(self, message: Outgoing, *, repeated: bool) -> Receipt:
        """Nothing can fail here."""
        return Receipt()

    async def close(self) -> None:
        """Nothing is open."""
