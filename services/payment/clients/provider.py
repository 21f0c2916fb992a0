"""The port that every provider of money over the wire stands behind."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from services.payment.domain import Kept, Outcome, Payment, ProviderEvent, Refund
from services.payment.domain.stray import Taken

CALL_SECONDS = 8
SIGNATURE_WINDOW_SECONDS = 300
"""How far a callback's time may lie from now."""


class ProviderUnreachable(Exception):
    """No verdict: the call may or may not have taken effect. Repeat it with the same key."""


class AccountRefused(Exception):
    """The provider does not know these keys."""


class MethodRefused(Exception):
    """The provider does not keep this payment method; ``code`` is its word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Provider(Protocol):
    """What a provider can do. Every call is safe to repeat: it carries our id as key.

    All but ``read_event`` raise ProviderUnreachable when there is no verdict.
    """

    async def close(self) -> None:
        """Close what was opened."""
        ...

    async def verify(self) -> str:
        """The provider's name for the account that the keys open. Raises AccountRefused."""
        ...

    async def charge(self, payment: Payment, instrument: str | None) -> Outcome:
        """Take the payment's amount, or hold it where it is captured by hand."""
        ...

    async def find(self, payment: Payment) -> Outcome | None:
        """What became of this payment, without starting anything; None when the provider never heard of it."""
        ...

    async def complete(self, payment: Payment) -> Outcome | None:
        """As :meth:`find`, and take what the buyer has approved meanwhile."""
        ...

    async def capture(self, payment: Payment, amount: int) -> Outcome:
        """Take ``amount`` minor units of what is held; the rest is let go."""
        ...

    async def release(self, payment: Payment) -> Outcome:
        """Let go of a payment that waits or is held; the outcome says if it had succeeded meanwhile."""
        ...

    async def refund(self, payment: Payment, refund: Refund) -> Outcome:
        """Send money back, or learn what became of a refund that was sent."""
        ...

    async def taken_since(self, moment: datetime) -> list[Taken]:
        """What was begun in our name since then and may hold money; empty where the provider lists nothing."""
        ...

    async def give_back(self, taken: Taken) -> None:
        """Refund it, or let it go; harmless when that was done."""
        ...

    async def keep(self, company_id: str, owner_id: str, payer: str | None, token: str, method_id: str) -> Kept:
        """Keep a payment method for a customer, known to the provider as ``payer``. Raises MethodRefused."""
        ...

    async def forget(self, kept: Kept) -> None:
        """Give up a kept payment method; harmless when it is gone."""
        ...

    async def read_event(self, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderEvent:
        """A callback, its signature checked on the raw body, its time within five minutes around ``now``.

        Raises BadRequest ``invalid_signature``, or ``invalid_event`` for what is signed and yet no event.
        """
        ...
