"""A payment method that a customer keeps: what a provider calls it, and as little of the card as names it."""

from datetime import datetime

from common.aggregate import Aggregate, Part
from common.events.payments import PaymentMethodRemoved, PaymentMethodSaved
from services.payment.domain.record import PLATFORM

PREFIX = "sav"


class Kept(Part):
    """What the provider tells of a method it keeps for us; never a number."""

    reference: str
    payer_reference: str
    brand: str | None = None
    last4: str | None = None
    expiry_month: int | None = None
    expiry_year: int | None = None


class SavedMethod(Aggregate):
    """``owner_id``: the company's customer, or the account of a customer of the whole platform.

    ``reference`` and ``payer_reference`` are the provider's and leave the service only towards it.
    """

    owner_id: str
    provider: str = "stripe"
    account_id: str = PLATFORM
    kept: Kept
    removed_at: datetime | None = None

    @classmethod
    def save(
        cls, method_id: str, company_id: str, owner_id: str, account_id: str, kept: Kept, now: datetime
    ) -> "SavedMethod":
        """A new one."""
        saved = cls(
            id=method_id,
            company_id=company_id,
            created_at=now,
            updated_at=now,
            owner_id=owner_id,
            account_id=account_id,
            kept=kept,
        )
        saved.record(
            PaymentMethodSaved(
                method_id=method_id,
                owner_id=owner_id,
                provider=saved.provider,
                brand=kept.brand,
                last4=kept.last4,
            )
        )
        return saved

    def remove(self, now: datetime) -> None:
        """Given up; harmless a second time."""
        if self.removed_at is not None:
            return
        self.removed_at = now
        self.record(PaymentMethodRemoved(method_id=self.id, owner_id=self.owner_id, provider=self.provider))
