"""Facts of the payment and debt services."""

from datetime import datetime
from typing import ClassVar

from common.events.base import EventData
from common.events.parts import ChangeData
from common.money import Money


class PaymentFact(EventData):
    """Base of the facts about one payment of an order."""

    payment_id: str
    order_id: str
    shop_id: str | None = None
    method: str
    amount: Money


class PaymentInitiated(PaymentFact):
    """A payment record exists and the provider is about to be asked."""

    TYPE: ClassVar[str] = "payment.initiated"
    PRODUCER: ClassVar[str] = "payment"
    provider: str


class PaymentRequiresAction(PaymentFact):
    """The buyer must confirm with the bank (3-D Secure) before the money moves."""

    TYPE: ClassVar[str] = "payment.requires_action"
    PRODUCER: ClassVar[str] = "payment"


class PaymentAuthorized(PaymentFact):
    """The money is held for us and not taken: ``amount`` of it may be captured until ``expires_at``."""

    TYPE: ClassVar[str] = "payment.authorized"
    PRODUCER: ClassVar[str] = "payment"
    provider: str
    expires_at: datetime | None = None


class PaymentSucceeded(PaymentFact):
    """Money was captured. ``amount`` is what this payment captured."""

    TYPE: ClassVar[str] = "payment.succeeded"
    PRODUCER: ClassVar[str] = "payment"
    provider: str


class PaymentFailed(PaymentFact):
    """The provider said no. ``final``: the payment that the order itself carried; sales cancels the order.

    Not final: a try through process; the order stays and may be tried again.
    """

    TYPE: ClassVar[str] = "payment.failed"
    PRODUCER: ClassVar[str] = "payment"
    code: str
    decline_code: str | None = None
    final: bool


class PaymentExpired(PaymentFact):
    """Nobody paid in time; nothing can be captured any more."""

    TYPE: ClassVar[str] = "payment.expired"
    PRODUCER: ClassVar[str] = "payment"


class PaymentVoided(PaymentFact):
    """A pending or authorised payment was let go, by staff or with its order; no money moved."""

    TYPE: ClassVar[str] = "payment.voided"
    PRODUCER: ClassVar[str] = "payment"


class PaymentRefunded(PaymentFact):
    """Money went back. ``amount`` of this refund, ``refunded`` the sum so far, ``captured`` what came in."""

    TYPE: ClassVar[str] = "payment.refunded"
    PRODUCER: ClassVar[str] = "payment"
    refund_id: str
    refunded: Money
    captured: Money
    reason: str


class RefundFailed(EventData):
    """The provider could not send the money back; somebody must look."""

    TYPE: ClassVar[str] = "payment.refund_failed"
    PRODUCER: ClassVar[str] = "payment"
    payment_id: str
    order_id: str
    refund_id: str
    shop_id: str | None = None
    amount: Money
    code: str


class PaymentMethodSaved(EventData):
    """A customer keeps a payment method for later."""

    TYPE: ClassVar[str] = "payment.method_saved"
    PRODUCER: ClassVar[str] = "payment"
    method_id: str
    owner_id: str
    provider: str
    brand: str | None = None
    last4: str | None = None


class PaymentMethodRemoved(EventData):
    """A kept payment method was given up."""

    TYPE: ClassVar[str] = "payment.method_removed"
    PRODUCER: ClassVar[str] = "payment"
    method_id: str
    owner_id: str
    provider: str


class PaymentAccountCreated(EventData):
    """A company connected its own account at a provider."""

    TYPE: ClassVar[str] = "payment.account_created"
    PRODUCER: ClassVar[str] = "payment"
    account_id: str
    provider: str
    name: str


class PaymentAccountUpdated(ChangeData):
    """A company's account at a provider was edited; which keys were exchanged, never the keys."""

    TYPE: ClassVar[str] = "payment.account_updated"
    PRODUCER: ClassVar[str] = "payment"
    account_id: str = ""
    provider: str = ""

    def subject_id(self) -> str:
        return self.account_id


class PaymentAccountRemoved(EventData):
    """A company's account at a provider was disconnected and its keys forgotten."""

    TYPE: ClassVar[str] = "payment.account_removed"
    PRODUCER: ClassVar[str] = "payment"
    account_id: str
    provider: str
    name: str


class PaymentSettingsUpdated(ChangeData):
    """Which payment methods a company takes was changed."""

    TYPE: ClassVar[str] = "payment.settings_updated"
    PRODUCER: ClassVar[str] = "payment"
    settings_id: str = ""

    def subject_id(self) -> str:
        return self.settings_id


class DebtCreated(EventData):
    """Somebody owes: an order on account, or a debt entered by hand."""

    TYPE: ClassVar[str] = "debt.created"
    PRODUCER: ClassVar[str] = "debt"
    debt_id: str
    debtor_type: str
    debtor_id: str
    order_id: str | None = None
    principal: Money
    due_at: datetime | None = None


class DebtPaymentRecorded(EventData):
    """Part or all of a debt was paid."""

    TYPE: ClassVar[str] = "debt.payment_recorded"
    PRODUCER: ClassVar[str] = "debt"
    debt_id: str
    debt_payment_id: str
    order_id: str | None = None
    method: str
    amount: Money
    outstanding: Money


class DebtSettled(EventData):
    """Nothing is owed any more; an order on account becomes paid."""

    TYPE: ClassVar[str] = "debt.settled"
    PRODUCER: ClassVar[str] = "debt"
    debt_id: str
    order_id: str | None = None
    principal: Money


class DebtOverdue(EventData):
    """A due date passed with money outstanding."""

    TYPE: ClassVar[str] = "debt.overdue"
    PRODUCER: ClassVar[str] = "debt"
    debt_id: str
    debtor_type: str
    debtor_id: str
    outstanding: Money
    due_at: datetime


class DebtReduced(ChangeData):
    """Goods bought on account came back: that part is no longer owed."""

    TYPE: ClassVar[str] = "debt.reduced"
    PRODUCER: ClassVar[str] = "debt"
    debt_id: str = ""
    order_id: str | None = None
    return_id: str = ""
    amount: Money | None = None
    outstanding: Money | None = None

    def subject_id(self) -> str:
        return self.debt_id


class DebtWrittenOff(ChangeData):
    """A debt was reversed (its order was cancelled) or given up; ``amount`` is what is no longer owed."""

    TYPE: ClassVar[str] = "debt.written_off"
    PRODUCER: ClassVar[str] = "debt"
    debt_id: str = ""
    order_id: str | None = None
    amount: Money | None = None
    reason: str = ""

    def subject_id(self) -> str:
        return self.debt_id
