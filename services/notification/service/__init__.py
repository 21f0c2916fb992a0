"""Use cases of the notification service, split by noun."""

from common.copies import LocalCopies
from common.runtime import Runtime
from services.notification.clients import TwilioSms, open_channels
from services.notification.service.composing import Composing
from services.notification.service.delivering import Delivering
from services.notification.service.devices import DeviceRegister
from services.notification.service.reading import Reading
from services.notification.service.recipients import Recipients
from services.notification.service.suppressing import Suppressing
from services.notification.service.tracking import Tracking
from services.notification.service.trying import Trying
from services.notification.settings import Settings
from services.notification.store import Devices, EarlyReports, Notifications, Suppressions, Throttles

__all__ = ["NotificationService"]

COPIES = ("staff", "customers", "companies")


class NotificationService:
    """All of it, composed on an open runtime."""

    def __init__(self, runtime: Runtime, settings: Settings) -> None:
        clock, channels = runtime.clock, open_channels(settings)
        for channel in channels.values():
            runtime.on_close(channel.close)
        staff, customers, companies = (LocalCopies(runtime.database, name) for name in COPIES)
        self.notifications, devices = Notifications(runtime.ground), Devices(runtime.ground)
        throttles, twilio = Throttles(runtime.database), channels.get("sms")
        self.recipients = Recipients(staff, customers, companies, devices, runtime.clients)
        self.suppressing = Suppressing(Suppressions(runtime.ground), clock)
        self.tracking = Tracking(
            self.notifications,
            EarlyReports(runtime.database),
            self.suppressing,
            twilio if isinstance(twilio, TwilioSms) else None,
            clock,
        )
        self.delivering = Delivering(
            self.notifications,
            devices,
            throttles,
            self.suppressing,
            self.tracking,
            self.recipients,
            channels,
            clock,
            settings.senders,
        )
        self.composing = Composing(
            self.notifications, self.recipients, self.delivering, clock, settings.public_url, settings.gather_seconds
        )
        self.reading = Reading(self.notifications, self.recipients, self.delivering, clock)
        self.devices = DeviceRegister(devices, clock)
        self.trying = Trying(self.delivering, self.recipients, throttles, clock)
