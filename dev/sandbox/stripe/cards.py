"""Stripe's published test cards and what each of them does: https://docs.stripe.com/testing."""

from dataclasses import dataclass
from typing import Literal

from dev.sandbox.stripe.refusals import invalid_param

Outcome = Literal["approve", "decline", "authenticate"]


@dataclass(frozen=True)
class Decline:
    """Why the issuer says no: Stripe's `code`, its `decline_code` where it gives one, and the message."""

    code: str
    decline_code: str | None
    message: str


@dataclass(frozen=True)
class TestCard:
    """One test card. `decline` holds for the charge itself, after authentication where that is asked for."""

    name: str
    last4: str
    brand: str = "visa"
    authenticate: bool = False
    decline: Decline | None = None
    refund: Literal["at_once", "pending", "fails"] = "at_once"
    funding: str = "credit"


def _refused(decline_code: str) -> Decline:
    return Decline("card_declined", decline_code, "Your card was declined.")


INSUFFICIENT = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.")
INCORRECT_CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
PROCESSING = Decline(
    "processing_error",
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
)
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
NOT_A_TEST_CARD = Decline(
    "card_declined",
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test card.",
)

CARDS = {
    card.name: card
    for card in (
        TestCard("visa", "4242"),
        TestCard("visa_debit", "5556", funding="debit"),
        TestCard("mastercard", "4444", "mastercard"),
        TestCard("mastercard_debit", "8210", "mastercard", funding="debit"),
        TestCard("mastercard_prepaid", "5100", "mastercard", funding="prepaid"),
        TestCard("amex", "0005", "amex"),
        TestCard("discover", "1117", "discover"),
        TestCard("diners", "0004", "diners"),
        TestCard("jcb", "0505", "jcb"),
        TestCard("unionpay", "0005", "unionpay"),
        TestCard("chargeDeclined", "0002", decline=_refused("generic_decline")),
        TestCard("chargeDeclinedInsufficientFunds", "9995", decline=INSUFFICIENT),
        TestCard("chargeDeclinedLostCard", "9987", decline=_refused("lost_card")),
        TestCard("chargeDeclinedStolenCard", "9979", decline=_refused("stolen_card")),
        TestCard("chargeDeclinedFraudulent", "0019", decline=_refused("fraudulent")),
        TestCard("chargeDeclinedVelocityLimitExceeded", "6975", decline=_refused("card_velocity_exceeded")),
        TestCard("chargeDeclinedExpiredCard", "0069", decline=EXPIRED),
        TestCard("chargeDeclinedIncorrectCvc", "0127", decline=INCORRECT_CVC),
        TestCard("chargeDeclinedProcessingError", "0119", decline=PROCESSING),
        TestCard("chargeCustomerFail", "0341", decline=_refused("generic_decline")),
        TestCard("authenticationRequired", "3184", authenticate=True),
        TestCard("threeDSecure2Required", "3220", authenticate=True),
        TestCard("threeDSecureRequired", "3063", authenticate=True),
        TestCard(
            "threeDSecureRequiredChargeDeclined",
            "1629",
            authenticate=True,
            decline=_refused("generic_decline"),
        ),
        TestCard(
            "authenticationRequiredChargeDeclinedInsufficientFunds",
            "3178",
            authenticate=True,
            decline=INSUFFICIENT,
        ),
        TestCard("pendingRefund", "7726", refund="pending"),
        TestCard("refundFail", "5126", refund="fails"),
        TestCard("notATestCard", "0000", decline=NOT_A_TEST_CARD),
    )
}

_NUMBERS = {
    "4242424242424242": "visa",
    "4000056655665556": "visa_debit",
    "5555555555554444": "mastercard",
    "5200828282828210": "mastercard_debit",
    "5105105105105100": "mastercard_prepaid",
    "378282246310005": "amex",
    "6011111111111117": "discover",
    "3056930009020004": "diners",
    "3566002020360505": "jcb",
    "6200000000000005": "unionpay",
    "4000000000000002": "chargeDeclined",
    "4000000000009995": "chargeDeclinedInsufficientFunds",
    "4000000000009987": "chargeDeclinedLostCard",
    "4000000000009979": "chargeDeclinedStolenCard",
    "4100000000000019": "chargeDeclinedFraudulent",
    "4000000000006975": "chargeDeclinedVelocityLimitExceeded",
    "4000000000000069": "chargeDeclinedExpiredCard",
    "4000000000000127": "chargeDeclinedIncorrectCvc",
    "4000000000000119": "chargeDeclinedProcessingError",
    "4000000000000341": "chargeCustomerFail",
    "4000002760003184": "authenticationRequired",
    "4000000000003220": "threeDSecure2Required",
    "4000000000003063": "threeDSecureRequired",
    "4000008400001629": "threeDSecureRequiredChargeDeclined",
    "4000008260003178": "authenticationRequiredChargeDeclinedInsufficientFunds",
    "4000000000007726": "pendingRefund",
    "4000000000005126": "refundFail",
}


def card_of_token(token: str) -> TestCard | None:
    """The card behind `pm_card_visa`, `pm_card_visa_chargeDeclined`, `tok_visa`; None for another id."""
    for prefix in ("pm_card_", "tok_"):
        if token.startswith(prefix):
            name = token[len(prefix) :]
            return CARDS.get(name) or CARDS.get(name.removeprefix("visa_"))
    return None


def card_of_number(number: str) -> TestCard:
    """The card with this number; raises Refusal where it is none. The number goes no further than here."""
    digits = number.replace(" ", "")
    name = _NUMBERS.get(digits)
    if name is not None:
        return CARDS[name]
    if not digits.isdecimal() or not 12 <= len(digits) <= 19 or not _checksum_holds(digits):
        raise invalid_param("card[number]", "Your card number is incorrect.", code="incorrect_number")
    return CARDS["notATestCard"]


def _checksum_holds(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B (Luhn)."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
