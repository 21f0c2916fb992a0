"""What a provider says, in our words."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from common.aggregate import Part

OutcomeKind = Literal["succeeded", "authorized", "approved", "requires_action", "failed", "canceled", "pending"]


class Outcome(Part):
    """What a provider says about a payment or a refund; amounts in minor units.

    ``reference`` names the payment (or refund) at the provider, ``charge_reference`` the hold or capture within
    it. ``approved``: the buyer agreed, and nothing is taken until we ask. ``fee``: what the provider keeps.
    """

    model_config = ConfigDict(frozen=True)

    kind: OutcomeKind
    reference: str | None = None
    charge_reference: str | None = None
    captured: int = 0
    authorized: int = 0
    expires_at: datetime | None = None
    fee: int = 0
    action_url: str | None = None
    code: str = ""
    decline_code: str | None = None


class NextAction(Part):
    """What the buyer has to do."""

    type: Literal["redirect"] = "redirect"
    url: str


class Failure(Part):
    """Why it failed, in the provider's words."""

    code: str
    decline_code: str | None = None


class ProviderEvent(Part):
    """A provider's callback after its signature was checked.

    ``subject``: what it is about; ``outcome``: what may be believed of it as it stands, None where the
    provider has to be asked how things are now.
    """

    id: str
    type: str
    subject: Literal["payment", "refund", "other"] = "other"
    company_id: str | None = None
    payment_id: str | None = None
    refund_id: str | None = None
    outcome: Outcome | None = None
