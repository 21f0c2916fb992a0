"""Requests and answers of the payment service."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, StringConstraints

from common.money import Money
from common.web.schema import Identifier, In, Out, Resource, Text
from services.payment.domain import Payment, Refund
from services.payment.domain.record import RefundStatus, Status

Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_ -]{3,200}$")]
Method = Literal["card", "paypal", "cash", "cash_on_delivery", "on_account"]


def _above_zero(amount: Money) -> Money:
    if amount.amount <= 0:
        raise ValueError("must be above zero")
    return amount


PositiveMoney = Annotated[Money, AfterValidator(_above_zero)]


class ProcessIn(In):
    """What POST /api/payments/process takes. The token is the provider's, or a kept method's id; never a number.

    ``amount``: a part of what is due, for several payments of one order; all of it where absent.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"orderId": "ord_01kaxvd8m2", "method": "card", "paymentMethodToken": "pm_card_visa"},
                {"orderId": "ord_01kaxvd8m2", "method": "cash", "amount": {"amount": 500, "currency": "GBP"}},
            ]
        }
    )

    order_id: Identifier
    method: Literal["card", "paypal", "cash"]
    payment_method_token: Token | None = None
    amount: PositiveMoney | None = None


class RefundIn(In):
    """What a refund takes; without an amount all that is left goes back."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount": {"amount": 500, "currency": "GBP"}, "reason": "one cup was broken"}]}
    )

    amount: PositiveMoney | None = None
    reason: Text


class CaptureIn(In):
    """What a capture takes; without an amount all that is authorised is taken."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": {"amount": 1500, "currency": "GBP"}}, {}]})

    amount: PositiveMoney | None = None


class RefundOut(Resource):
    """A refund as shown."""

    payment_id: str
    amount: Money
    reason: str
    status: RefundStatus

    @classmethod
    def of(cls, payment: Payment, refund: Refund) -> Self:
        """The answer for one refund of a payment."""
        fields = refund.model_dump(exclude={"reference"})
        return cls(**fields, payment_id=payment.id, company_id=payment.company_id)


class OrderRefundOut(Out):
    """What one refund of an order came to, by payment."""

    order_id: str
    amount: Money
    refunds: list[RefundOut]


class NextActionOut(Out):
    """What the buyer has to do."""

    type: str
    url: str


class FailureOut(Out):
    """Why it failed."""

    code: str
    decline_code: str | None


class PaymentOut(Resource):
    """A payment as shown."""

    order_id: str
    method: str
    provider: str
    status: Status
    amount: Money
    capture: str
    authorized: Money | None
    authorization_expires_at: datetime | None
    captured: Money
    refunded: Money
    next_action: NextActionOut | None
    failure: FailureOut | None
    refunds: list[RefundOut]

    @classmethod
    def of(cls, payment: Payment) -> Self:
        """The answer for one payment."""
        return cls(
            id=payment.id,
            company_id=payment.company_id,
            version=payment.version,
            created_at=payment.created_at,
            updated_at=payment.updated_at,
            order_id=payment.order_id,
            method=payment.method,
            provider=payment.provider,
            status=payment.status,
            amount=payment.amount,
            capture=payment.capture_method,
            authorized=payment.authorized,
            authorization_expires_at=payment.authorization_expires_at,
            captured=payment.captured,
            refunded=payment.refunded,
            next_action=NextActionOut.model_validate(payment.next_action) if payment.next_action else None,
            failure=FailureOut.model_validate(payment.failure) if payment.failure else None,
            refunds=[RefundOut.of(payment, refund) for refund in payment.refunds],
        )
