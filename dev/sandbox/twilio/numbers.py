"""Numbers that mean something: https://www.twilio.com/docs/iam/test-credentials, and a few of the sandbox's own."""

import re
from dataclasses import dataclass

from dev.sandbox.twilio.refusals import Refusal

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
NOT_OWNED = "+15005550007"

_REFUSED_RECIPIENTS = {
    "+15005550001": (21211, "The 'To' number {} is not a valid phone number."),
    "+15005550002": (21612, "The 'To' phone number {} is not currently reachable."),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region of {}."),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient: {}"),
    "+15005550009": (21614, "To number: {}, is not a mobile number"),
}
_REFUSED_SENDERS = {
    "+15005550001": (21212, "The 'From' number {} is not a valid phone number."),
    NOT_OWNED: (21606, "The 'From' phone number {} is not a valid, SMS-capable number for your account."),
    "+15005550008": (21611, "This 'From' number {} has exceeded the maximum number of queued messages."),
}
_BUSY_RECIPIENT = "+15005550029"


@dataclass(frozen=True)
class Step:
    """A status that a message comes to, and why where it is a bad one."""

    status: str
    error_code: int | None = None


DELIVERED = (Step("sent"), Step("delivered"))
_ENDS = {
    "+15005550010": (Step("sent"),),
    "+15005550013": (Step("sent"), Step("undelivered", 30003)),
    "+15005550015": (Step("sent"), Step("undelivered", 30005)),
    "+15005550017": (Step("sent"), Step("undelivered", 30007)),
    "+15005550018": (Step("failed", 30008),),
}


def check_numbers(recipient: str, sender: str) -> None:
    """Raise Refusal for a number that Twilio would not take."""
    if recipient == _BUSY_RECIPIENT:
        raise Refusal(429, 20429, "Too Many Requests")
    if recipient in _REFUSED_RECIPIENTS or not E164.fullmatch(recipient):
        code, message = _REFUSED_RECIPIENTS.get(recipient, _REFUSED_RECIPIENTS["+15005550001"])
        raise Refusal(400, code, message.format(recipient))
    if sender in _REFUSED_SENDERS:
        code, message = _REFUSED_SENDERS[sender]
        raise Refusal(400, code, message.format(sender))


def future(recipient: str) -> tuple[Step, ...]:
    """What becomes of a message to this number after it was queued."""
    return _ENDS.get(recipient, DELIVERED)
