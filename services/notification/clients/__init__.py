"""The outside: one small port, and the mail server, Twilio, Firebase and the app behind it."""

from services.notification.clients.firebase import FirebasePush
from services.notification.clients.in_app import InApp
from services.notification.clients.port import DEADLINE_SECONDS, ChannelPort, NotHandedOver, Refused
from services.notification.clients.smtp import SmtpMail
from services.notification.clients.twilio import TwilioSms
from services.notification.domain import Channel
from services.notification.settings import Settings

__all__ = [
    "DEADLINE_SECONDS",
    "ChannelPort",
    "FirebasePush",
    "InApp",
    "NotHandedOver",
    "Refused",
    "SmtpMail",
    "TwilioSms",
    "open_channels",
]


def open_channels(settings: Settings) -> dict[Channel, ChannelPort]:
    """Every channel that is set up; nothing is connected before the first message."""
    channels: dict[Channel, ChannelPort] = {"email": SmtpMail(settings), "in_app": InApp()}
    if settings.has_twilio:
        channels["sms"] = TwilioSms(settings)
    if settings.has_firebase:
        channels["push"] = FirebasePush(settings)
    return channels
